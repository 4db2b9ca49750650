using System.Globalization;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Lab.Explanations;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Inspections;

/// <summary>Accuracy of a model without each of its heads; see <see cref="HeadAblation"/>.</summary>
public static class AblationInspection
{
    private static readonly string[] Kinds = ["zero", "mean"];

    /// <summary>Takes the heads away one by one.</summary>
    /// <param name="model">A model of blocks.</param>
    /// <param name="images">The images, with the model's classes.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="stop">Ends the work after a head.</param>
    /// <exception cref="UsageException">The model has no blocks.</exception>
    /// <exception cref="DataException">There are no images.</exception>
    public static Inspection Of(TrainedModel model, IImageDataset images, int batchSize,
        CancellationToken stop = default)
    {
        IBlockModel blocks = Inspector.Blocks(model, "taking heads away");
        Inspector.RequireOneClass(images);
        HeadAblation ablation = new(blocks);
        foreach (Batch batch in model.Batches(Inspector.Some(images), batchSize))
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            ablation.AddToMeans(batch.ToImages(model.Device));
        }

        Counts whole = new();
        Counts[][,] without = [.. Kinds.Select(_ => Empty(ablation.Blocks, blocks.Heads + 1))];
        foreach (Batch batch in model.Batches(images, batchSize))
            for (int kind = 0; kind < Kinds.Length; kind++)
            {
                using StepScope scope = StepScope.Begin();
                AblatedScores scores = ablation.Score(batch.ToImages(model.Device), Kinds[kind] == "mean", stop);
                if (kind == 0) whole.Add(scores.Whole, batch);
                for (int block = 0; block < ablation.Blocks; block++)
                    for (int head = 0; head <= blocks.Heads; head++)
                        without[kind][block, head].Add(scores.Without[block][head], batch);
            }

        return Report(images, whole, without, blocks.Heads);
    }

    private static Inspection Report(IImageDataset images, Counts whole, Counts[][,] without, int heads)
    {
        (int depth, int count) = (without[0].GetLength(0), images.Count);
        double own = (double)whole.Right / count;
        List<object[]> rows = [["whole", 0, 0, own, whole.Loss / count, 0.0]];
        List<IReadOnlyList<string>> shown = [["!block", "!instead", .. Enumerable.Range(1, heads).Select(head =>
            $">head {head}"), ">all heads"]];
        List<ExplainedFigure> figures = [];
        for (int kind = 0; kind < Kinds.Length; kind++)
        {
            double[,] change = new double[depth, heads + 1];
            for (int block = 0; block < depth; block++)
                for (int head = 0; head <= heads; head++)
                {
                    Counts one = without[kind][block, head];
                    double accuracy = (double)one.Right / count;
                    change[block, head] = accuracy - own;
                    rows.Add([Kinds[kind], block + 1, head < heads ? head + 1 : "all", accuracy, one.Loss / count,
                        accuracy - own]);
                }

            figures.Add(new($"ablation-{Kinds[kind]}", new ValueMatrix(
                [.. Enumerable.Range(1, depth).Select(block => $"{block}")],
                [.. Enumerable.Range(1, heads).Select(head => $"{head}"), "all"], change)
            {
                Title = $"Change of accuracy without each head ({Kinds[kind]} in its place)",
                Note = $"{images.Info.Name}, {count} images: {Percent(own)} with all heads.",
                RowLabel = "block",
                ColumnLabel = "head",
                Format = ValueFormat.Percent,
            }));
        }

        for (int block = 0; block < depth; block++)
            for (int kind = 0; kind < Kinds.Length; kind++)
            {
                int at = block;
                Counts[,] some = without[kind];
                shown.Add([$"{block + 1}", Kinds[kind], .. Enumerable.Range(0, heads + 1)
                    .Select(head => Percent((double)some[at, head].Right / count))]);
            }

        return new("ablation", ["instead", "block", "head", "accuracy", "loss", "change"], rows, shown,
            [$"{images.Info.Name}, {count} images: {Percent(own)} with all heads; in the table without one each.",
                .. Kinds.Select((kind, at) => Weakest(kind, without[at], own, heads, count))], figures);
    }

    private static string Weakest(string kind, Counts[,] without, double own, int heads, int count)
    {
        (int block, int head) = Enumerable.Range(0, without.GetLength(0) * heads)
            .Select(i => (i / heads, i % heads)).MinBy(at => without[at.Item1, at.Item2].Right);
        double accuracy = (double)without[block, head].Right / count;
        return accuracy >= own ? $"{kind}: no single head is missed."
            : $"{kind}: head {head + 1} of block {block + 1} is missed most: {Percent(accuracy)} without it.";
    }

    private static Counts[,] Empty(int blocks, int heads)
    {
        Counts[,] counts = new Counts[blocks, heads];
        for (int block = 0; block < blocks; block++)
            for (int head = 0; head < heads; head++) counts[block, head] = new();
        return counts;
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private sealed class Counts
    {
        public int Right { get; private set; }

        public double Loss { get; private set; }

        public void Add(float[] scores, Batch batch)
        {
            ReadOnlySpan<int> labels = batch.Labels.AsSpan(0, batch.Count);
            Right += Classification.CountCorrect(scores, labels);
            int classes = scores.Length / batch.Count;
            for (int i = 0; i < batch.Count; i++)
            {
                ReadOnlySpan<float> own = scores.AsSpan(i * classes, classes);
                Loss += Classification.LogSumOfExponentials(own) - own[labels[i]];
            }
        }
    }
}
