using System.Globalization;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Lab.Explanations;
using Fovea.Plotting.Charts;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Inspections;

/// <summary>Distance, entropy and evenness of the attention of one or more models.</summary>
public static class DistanceInspection
{
    /// <summary>Measures models side by side.</summary>
    /// <param name="models">Models with attention, each with its name and the images that it is shown.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="UsageException">A model has no attention.</exception>
    /// <exception cref="DataException">There are no images.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static Inspection Of(IReadOnlyList<(string Name, TrainedModel Model, IImageDataset Images)> models,
        int batchSize, CancellationToken stop = default)
    {
        foreach ((_, TrainedModel model, _) in models) Inspector.Attention(model);
        Measured[] all = [.. models.Select(entry => Measure(entry.Name, entry.Model, entry.Images, batchSize, stop))];
        return new("distance",
            ["model", "block", "head", "distance", "entropy", "row_deviation", "column_deviation", "prefix_share"],
            [.. all.SelectMany(one => one.Statistics.Heads.Select(head => (object[])
                [one.Name, head.Block + 1, head.Head + 1, head.Distance, head.Entropy, head.RowDeviation,
                    head.ColumnDeviation, head.PrefixShare]))],
            Shown(all), [.. all.Select(Note)],
            [
                Chart("distance", "Attention distance by block: mean and range of the heads", "pixels", all,
                    head => head.Distance),
                Chart("distance-entropy", "Entropy of attention by block: mean and range of the heads", "nats", all,
                    head => head.Entropy),
                Chart("distance-sums", "Column sums of attention: deviation from 1, by block", "root mean square", all,
                    head => head.ColumnDeviation),
            ]);
    }

    private static Measured Measure(string name, TrainedModel model, IImageDataset images, int batchSize,
        CancellationToken stop)
    {
        AttentionStatistics statistics = new();
        foreach (Batch batch in model.Batches(Inspector.Some(images), batchSize))
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            statistics.Add((IAttentionModel)model.Model, batch.ToImages(model.Device));
        }

        return new(name, $"{model.Model.Config.Describe().Attention}", statistics);
    }

    private static List<IReadOnlyList<string>> Shown(Measured[] all)
    {
        List<IReadOnlyList<string>> rows = [];
        if (all.Length > 1) rows.Add(["!model", ">block", ">distance (px)", ">of heads", ">entropy", ">rows off 1",
            ">columns off 1"]);
        else rows.Add([">block", ">distance (px)", ">of heads", ">entropy", ">rows off 1", ">columns off 1"]);
        foreach (Measured one in all)
            foreach (IGrouping<int, HeadAttention> block in one.Statistics.Heads.GroupBy(head => head.Block))
            {
                string[] cells =
                [
                    $"{block.Key + 1}", Text(block.Average(head => head.Distance), "0.0"),
                    $"{Text(block.Min(head => head.Distance), "0.0")} to "
                        + Text(block.Max(head => head.Distance), "0.0"),
                    Text(block.Average(head => head.Entropy), "0.00"),
                    Text(Together(block, head => head.RowDeviation), "0.0000"),
                    Text(Together(block, head => head.ColumnDeviation), "0.0000"),
                ];
                rows.Add(all.Length > 1 ? [one.Name, .. cells] : cells);
            }

        return rows;
    }

    private static string Note(Measured one)
    {
        IReadOnlyList<HeadAttention> heads = one.Statistics.Heads;
        int stochastic = heads.Count(head => head.IsDoublyStochastic);
        string sums = stochastic == heads.Count ? "all heads are doubly stochastic (rows and columns within 0.01 of 1)"
            : stochastic == 0 ? "no head is doubly stochastic (rows and columns within 0.01 of 1)"
            : $"{stochastic} of {heads.Count} heads are doubly stochastic (rows and columns within 0.01 of 1)";
        return $"{one.Name}: attention {one.Attention}, {one.Statistics.Images} images: mean distance "
            + $"{Text(heads.Average(head => head.Distance), "0.0")} px, entropy "
            + $"{Text(heads.Average(head => head.Entropy), "0.00")} of at most "
            + $"{Text(Math.Log(one.Statistics.Tokens), "0.00")} nats; {sums}.";
    }

    /// <summary>A dot per head, and a line through the blocks' means.</summary>
    private static ExplainedFigure Chart(string name, string title, string unit, Measured[] all,
        Func<HeadAttention, double> value) => new(name, new LineChart
        {
            Title = title,
            XLabel = "block",
            YLabel = unit,
            XTicks = [.. Enumerable.Range(1, all.Max(one => one.Statistics.Heads.Max(head => head.Block) + 1))
                .Select(block => (double)block)],
            YSpan = (0, all.SelectMany(one => one.Statistics.Heads).Max(value)),
            Series = [.. all.Select(one => Line(one, value))],
        });

    private static Series Line(Measured one, Func<HeadAttention, double> value)
    {
        IGrouping<int, HeadAttention>[] blocks = [.. one.Statistics.Heads.GroupBy(head => head.Block)];
        return new(one.Name, [.. blocks.Select(block => block.Key + 1.0)], [.. blocks.Select(block =>
            block.Average(value))])
        {
            Spread = [.. blocks.Select(block => (block.Min(value), block.Max(value)))],
        };
    }

    private static double Together(IEnumerable<HeadAttention> heads, Func<HeadAttention, double> deviation) =>
        Math.Sqrt(heads.Average(head => deviation(head) * deviation(head)));

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Measured(string Name, string Attention, AttentionStatistics Statistics);
}
