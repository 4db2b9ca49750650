using Fovea.Tensors;
using Fovea.Training.Evaluation;

namespace Fovea.Lab.Probing;

/// <summary>
/// Classification by the nearest images of a training set: the k with the highest cosine vote for their class, each
/// with exp(cosine / temperature) (Wu et al. 2018, arXiv:1805.01978; as DINO evaluates, Caron et al. 2021,
/// arXiv:2104.14294).
/// </summary>
public static class NearestNeighbours
{
    /// <summary>Rows and columns of cosines that are computed at a time.</summary>
    private const int QueriesAtOnce = 256;
    private const int KeysAtOnce = 8192;

    /// <summary>Shares of the test images that are classified correctly, one for each k.</summary>
    /// <param name="train">Votes.</param>
    /// <param name="test">Features to classify.</param>
    /// <param name="counts">Numbers of neighbours, each 1 or more; more than there are images count as all.</param>
    /// <param name="temperature">Above 0; 0.07 is usual.</param>
    /// <param name="device">Device that computes the cosines.</param>
    /// <param name="stop">Ends the work after some images.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static IReadOnlyList<double> Accuracies(
        FeatureSet train, FeatureSet test, IReadOnlyList<int> counts, double temperature, Device device,
        CancellationToken stop = default)
    {
        (FeatureSet keys, FeatureSet queries) = (train.Normalised(), test.Normalised());
        int most = Math.Min(counts.Max(), train.Count);
        int[] right = new int[counts.Count];
        for (int first = 0; first < queries.Count; first += QueriesAtOnce)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(QueriesAtOnce, queries.Count - first);
            (int Key, float Cosine)[][] nearest = Nearest(keys, queries, first, count, most, device);
            for (int i = 0; i < count; i++)
                for (int c = 0; c < counts.Count; c++)
                    if (Vote(nearest[i].AsSpan(0, Math.Min(counts[c], most)), train,
                        temperature) == test.Labels[first + i]) right[c]++;
        }

        return [.. right.Select(n => (double)n / Math.Max(1, test.Count))];
    }

    /// <summary>The most similar keys of each query, most similar first; of equal ones the earlier.</summary>
    private static (int Key, float Cosine)[][] Nearest(FeatureSet keys, FeatureSet queries, int first, int count,
        int most, Device device)
    {
        PriorityQueue<int, (float Cosine, int Order)>[] best = [.. Enumerable.Range(0, count)
            .Select(_ => new PriorityQueue<int, (float, int)>(most + 1))];
        float[] cosines = new float[count * Math.Min(KeysAtOnce, keys.Count)];
        for (int start = 0; start < keys.Count; start += KeysAtOnce)
        {
            int width = Math.Min(KeysAtOnce, keys.Count - start);
            using (StepScope.Begin())
                Ops.MatMul(queries.Rows(first, count, device), keys.Rows(start, width, device), transposeB: true)
                .CopyTo(cosines.AsSpan(0, count * width));
            Parallel.For(0, count, i =>
            {
                for (int k = 0; k < width; k++)
                {
                    (float, int) rank = (cosines[i * width + k], -(start + k));   // the smallest is the first to go
                    if (best[i].Count < most) best[i].Enqueue(start + k, rank);
                    else if (best[i].TryPeek(out _, out (float, int) worst) && rank.CompareTo(worst) > 0)
                        best[i].EnqueueDequeue(start + k, rank);
                }
            });
        }

        return [.. best.Select(queue =>
            queue.UnorderedItems.OrderByDescending(item => item.Priority)
                .Select(item => (item.Element, item.Priority.Cosine)).ToArray())];
    }

    private static int Vote(ReadOnlySpan<(int Key, float Cosine)> neighbours, FeatureSet train, double temperature)
    {
        float[] votes = new float[train.Classes];
        float most = neighbours.IsEmpty ? 1 : neighbours[0].Cosine;   // votes count beside each other alone
        foreach ((int key, float cosine) in neighbours)
            votes[train.Labels[key]] += (float)Math.Exp((cosine - most) / temperature);
        return Classification.Best(votes);
    }
}
