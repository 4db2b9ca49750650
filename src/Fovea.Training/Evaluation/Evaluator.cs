using Fovea.Core.Collectives;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Ranks;
using Fovea.Vision;

namespace Fovea.Training.Evaluation;

/// <summary>Runs a model over all images of a loader, without dropout and without a tape.</summary>
public static class Evaluator
{
    private const int Top = 5;

    /// <summary>Evaluates a model.</summary>
    /// <param name="model">The model; in evaluation mode while this runs.</param>
    /// <param name="loader">In the dataset's order.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="augmentation">Views of each image.</param>
    /// <param name="ranks">The ranks that evaluate together, each a block of batches; null: this process alone. The
    /// result has the same bits for any number of them, on all of them.</param>
    /// <param name="sets">Sets of classes, where the images' labels are numbers of these.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static EvaluationResult Run(
        ImageClassifier model, DataLoader loader, int classes, Device device,
        TestTimeAugmentation augmentation = TestTimeAugmentation.None,
        ICollective? ranks = null, IReadOnlyList<IReadOnlyList<int>>? sets = null, CancellationToken stop = default)
    {
        ranks ??= SingleProcess.Instance;
        bool wasTraining = model.Training;
        model.Train(false);
        try
        {
            Scores scores = new(classes);
            MultiLabelScores? several = sets is null ? null : new(classes, sets);
            List<ImageScore> own = [];
            List<float> rows = [];
            int FirstOf(int rank) => (int)((long)rank * loader.BatchesPerEpoch / ranks.Size);
            int most = Enumerable.Range(0, ranks.Size).Max(rank => FirstOf(rank + 1) - FirstOf(rank)), done = 0;
            foreach (Batch batch in loader.Part(0, FirstOf(ranks.Rank), FirstOf(ranks.Rank + 1),
                ranks.Size == 1 ? stop : default))   // several stop together
            {
                RequireGoingOn(ranks, stop);
                done++;
                using StepScope scope = StepScope.Begin();
                Tensor logits = Predict(model, batch, device, augmentation);
                if (several is null) scores.Add(logits, batch, own);
                else several.Add(logits.ToArray(), batch, rows);
            }

            for (; done < most; done++) RequireGoingOn(ranks, stop);   // all ranks ask equally often
            for (int rank = 0; rank < ranks.Size; rank++)
            {
                int images = Math.Min(loader.ImagesPerEpoch, FirstOf(rank + 1) * loader.BatchSize)
                    - Math.Min(loader.ImagesPerEpoch, FirstOf(rank) * loader.BatchSize);
                if (several is not null)
                {
                    float[] all = rank == ranks.Rank ? [.. rows] : new float[images * several.RowLength];
                    ranks.Broadcast<float>(all, rank);
                    several.Add(all);
                    continue;
                }

                ImageScore[] theirs = rank == ranks.Rank ? [.. own] : new ImageScore[images];
                ranks.Broadcast<ImageScore>(theirs, rank);
                foreach (ImageScore score in theirs) scores.Add(score);
            }

            return several?.ToResult() ?? scores.ToResult();
        }
        finally
        {
            model.Train(wasTraining);
        }
    }

    /// <summary>Stops all ranks where one wants to.</summary>
    private static void RequireGoingOn(ICollective ranks, CancellationToken stop)
    {
        if (RankExchange.Any(ranks, stop.IsCancellationRequested)) throw new OperationCanceledException(stop);
    }

    /// <summary>Scores <c>[count, class]</c>; of several views their mean.</summary>
    private static Tensor Predict(ImageClassifier model, Batch batch, Device device, TestTimeAugmentation augmentation)
    {
        Tensor scores = model.Forward(batch.ToImages(device));
        if (augmentation == TestTimeAugmentation.None) return scores;
        batch.Flip();
        return Ops.Scale(Ops.Add(scores, model.Forward(batch.ToImages(device))), 0.5f);
    }

    /// <summary>The part of an image's scores that counts.</summary>
    private readonly record struct ImageScore(int Label, int Best, int Rank, float Probability, double Loss);

    /// <summary>Sums over images, in their order.</summary>
    private sealed class Scores(int classes)
    {
        private readonly int[,] _confusion = new int[classes, classes];
        private readonly List<int> _labels = [];
        private readonly List<int> _predicted = [];
        private readonly List<float> _probability = [];
        private float[] _row = [];
        private double _loss;
        private int _top1;
        private int _top5;

        /// <summary>Adds the scores of a batch to a list.</summary>
        public void Add(Tensor logits, Batch batch, List<ImageScore> list)
        {
            if (_row.Length < logits.Shape.Elements) _row = new float[logits.Shape.Elements];
            logits.CopyTo(_row.AsSpan(0, logits.Shape.Elements));
            for (int i = 0; i < batch.Count; i++) list.Add(Of(_row.AsSpan(i * classes, classes), batch.Labels[i]));
        }

        public EvaluationResult ToResult()
        {
            int count = Math.Max(1, _predicted.Count);
            return new()
            {
                Loss = _loss / count,
                Top1 = (double)_top1 / count,
                Top5 = (double)_top5 / count,
                Confusion = _confusion,
                Labels = _labels,
                Predicted = _predicted,
                Probability = _probability,
            };
        }

        /// <summary>A class's rank is the number of classes with a higher score, or an equal one before it.</summary>
        private static ImageScore Of(ReadOnlySpan<float> scores, int label)
        {
            int best = Classification.Best(scores);
            int rank = 0;
            double logSum = Classification.LogSumOfExponentials(scores);
            for (int c = 0; c < scores.Length; c++)
                if (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)) rank++;
            return new(label, best, rank, (float)Math.Exp(scores[best] - logSum), logSum - scores[label]);
        }

        public void Add(ImageScore score)
        {
            _loss += score.Loss;
            _top1 += score.Best == score.Label ? 1 : 0;
            _top5 += score.Rank < Top ? 1 : 0;
            _confusion[score.Label, score.Best]++;
            _labels.Add(score.Label);
            _predicted.Add(score.Best);
            _probability.Add(score.Probability);
        }
    }
}
