using System.Globalization;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Inspections;

/// <summary>Answers of a model behind each block; see <see cref="LogitLens"/>.</summary>
public static class LensInspection
{
    /// <summary>Looks at some images: the class and its probability behind each block.</summary>
    /// <param name="model">A model of blocks.</param>
    /// <param name="images">The images.</param>
    /// <param name="names">A name for each.</param>
    /// <exception cref="UsageException">The model has no blocks.</exception>
    public static Inspection OfImages(TrainedModel model, IImageDataset images, IReadOnlyList<string> names)
    {
        IBlockModel blocks = Inspector.Blocks(model, "the logit lens");
        IReadOnlyList<string> classes = model.Head.Data.ClassNames;
        List<object[]> rows = [];
        List<IReadOnlyList<string>> shown = [["!image", ">block", "class", ">probability", ">of the final class"]];
        List<Series> series = [];
        List<string> notes = [];
        foreach ((int number, Batch batch) in model.Each(images).Index())
        {
            using StepScope scope = StepScope.Begin();
            double[][] probabilities = [.. LogitLens.Of(blocks, batch.ToImages(model.Device))
                .Select(scores => model.Probabilities(scores))];
            int final = Best(probabilities[^1]);
            for (int block = 0; block < probabilities.Length; block++)
            {
                int best = Best(probabilities[block]);
                rows.Add([names[number], block, classes[best], probabilities[block][best], classes[final],
                    probabilities[block][final]]);
                shown.Add([names[number], block == 0 ? "embedding" : $"{block}", classes[best],
                    Percent(probabilities[block][best]), Percent(probabilities[block][final])]);
            }

            series.Add(new($"{Path.GetFileName(names[number])}: {classes[final]}",
                [.. probabilities.Select((_, block) => (double)block)], [.. probabilities.Select(all => all[final])]));
            int since = probabilities.Length - 1 - probabilities.Reverse().TakeWhile(all => Best(all) == final).Count();
            notes.Add($"{names[number]}: '{classes[final]}' with {Percent(probabilities[^1][final])}, the first choice "
                + (since < 0 ? "from the embedding on." : $"from block {since + 1} on."));
        }

        return new("lens", ["image", "block", "class", "probability", "final_class", "probability_of_final_class"],
            rows, shown, notes,
            [new("lens", Chart("Logit lens: probability of the final class by block",
                series) with { YSpan = (0, 1) })]);
    }

    /// <summary>Looks at a dataset: the accuracy behind each block.</summary>
    /// <param name="model">A model of blocks.</param>
    /// <param name="images">The images, with the model's classes.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="UsageException">The model has no blocks.</exception>
    /// <exception cref="DataException">There are no images.</exception>
    public static Inspection OfDataset(TrainedModel model, IImageDataset images, int batchSize,
        CancellationToken stop = default)
    {
        IBlockModel blocks = Inspector.Blocks(model, "the logit lens");
        Inspector.RequireOneClass(images);
        int classes = model.Head.Data.Classes, depth = blocks.Mechanisms.Count;
        (int[] right, int[] agreeing) = (new int[depth + 1], new int[depth + 1]);
        double[] loss = new double[depth + 1];
        foreach (Batch batch in model.Batches(Inspector.Some(images), batchSize))
        {
            stop.ThrowIfCancellationRequested();
            using StepScope scope = StepScope.Begin();
            IReadOnlyList<float[]> scores = LogitLens.Of(blocks, batch.ToImages(model.Device));
            for (int block = 0; block <= depth; block++)
                for (int i = 0; i < batch.Count; i++)
                {
                    ReadOnlySpan<float> own = scores[block].AsSpan(i * classes, classes);
                    int best = Classification.Best(own);
                    if (best == batch.Labels[i]) right[block]++;
                    if (best == Classification.Best(scores[depth].AsSpan(i * classes, classes))) agreeing[block]++;
                    loss[block] += Classification.LogSumOfExponentials(own) - own[batch.Labels[i]];
                }
        }

        int count = images.Count;
        int[] all = [.. Enumerable.Range(0, depth + 1)];
        return new("lens", ["block", "images", "accuracy", "agreement_with_the_model", "loss"],
            [.. all.Select(block => (object[])[block, count, (double)right[block] / count,
                (double)agreeing[block] / count, loss[block] / count])],
            [[">block", ">accuracy", ">agrees with the model", ">loss"],
                .. all.Select(block => (string[])[block == 0 ? "embedding" : $"{block}",
                    Percent((double)right[block] / count), Percent((double)agreeing[block] / count),
                    (loss[block] / count).ToString("0.0000", CultureInfo.InvariantCulture)])],
            [$"{images.Info.Name}, {count} images: what the final norm and the classifier head make of each block's "
                + "tokens."],
            [new("lens", Chart("Logit lens: accuracy by block",
            [
                new("accuracy", [.. all.Select(block => (double)block)],
                    [.. right.Select(number => (double)number / count)]),
                new("agrees with the model", [.. all.Select(block => (double)block)],
                    [.. agreeing.Select(number => (double)number / count)]),
            ]) with { YSpan = (0, 1) })]);
    }

    private static LineChart Chart(string title, List<Series> series) => new()
    {
        Title = title,
        XLabel = "block; 0 is the embedding",
        XTicks = series.Count == 0 ? null : series[0].X,
        YFormat = ValueFormat.Percent,
        Series = series,
    };

    private static int Best(double[] values) => Array.IndexOf(values, values.Max());

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
