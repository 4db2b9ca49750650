using System.Globalization;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Plotting.Charts;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Inspections;

/// <summary>Similarity of two models' layers; see <see cref="LayerSimilarity"/>.</summary>
public static class SimilarityInspection
{
    /// <summary>Compares all layers with all.</summary>
    /// <param name="left">A model and its name.</param>
    /// <param name="right">Another one, or the same.</param>
    /// <param name="images">The images that both are shown, each prepared as that model takes them.</param>
    /// <param name="batchSize">Images at a time, at least 4: similarities are estimated within batches.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="UsageException">A model has no layers that can be read.</exception>
    /// <exception cref="DataException">There are fewer than 4 images.</exception>
    public static Inspection Of((string Name, TrainedModel Model) left, (string Name, TrainedModel Model) right,
        IImageDataset images, int batchSize, CancellationToken stop = default)
    {
        foreach ((_, TrainedModel model) in new[] { left, right })
            if (!LayerSimilarity.CanRead(model.Model))
                throw new UsageException($"'{model.Head.Recipe.Model.Name}' has no layers that can be compared; Vision "
                    + "Transformers and residual networks have.");
        if (batchSize < LayerSimilarity.Fewest)
            throw new UsageException($"`batch-size`: similarities need {LayerSimilarity.Fewest} images at a time at "
                + $"least, got {batchSize}.");
        LayerSimilarity similarity = new();
        Inspector.Some(images, LayerSimilarity.Fewest);
        bool same = left.Model == right.Model;
        using IEnumerator<Batch> others = right.Model.Batches(images, batchSize).GetEnumerator();
        foreach (Batch batch in left.Model.Batches(images, batchSize))
        {
            stop.ThrowIfCancellationRequested();
            if (!same) others.MoveNext();
            if (batch.Count < LayerSimilarity.Fewest) continue;
            using StepScope scope = StepScope.Begin();
            Tensor ours = batch.ToImages(left.Model.Device);
            similarity.Add(left.Model.Model, ours, right.Model.Model,
                same ? ours : others.Current.ToImages(right.Model.Device));
        }

        return Report(similarity, left.Name, right.Name, same, images);
    }

    private static Inspection Report(LayerSimilarity similarity, string left, string right, bool same,
        IImageDataset images)
    {
        double[,] values = similarity.Result();
        (IReadOnlyList<string> ours, IReadOnlyList<string> theirs) = similarity.Names;
        int[] nearest = [.. Enumerable.Range(0, ours.Count).Select(i => Enumerable.Range(0, theirs.Count)
            .MaxBy(j => double.IsNaN(values[i, j]) || (same && i == j) ? double.MinValue : values[i, j]))];
        string leftOver = similarity.Images < images.Count
            ? $" {images.Count - similarity.Images} more were too few for a batch and are left out." : "";
        return new("similarity", ["layer", "other_layer", "cka"],
            [.. Enumerable.Range(0, ours.Count).SelectMany(i => Enumerable.Range(0, theirs.Count)
                .Select(j => (object[])[ours[i], theirs[j], values[i, j]]))],
            [[$"!layer of {left}", same ? "most similar other" : $"most similar of {right}", ">CKA",
                ">CKA of the last"],
                .. Enumerable.Range(0, ours.Count).Select(i => (string[])[ours[i], theirs[nearest[i]],
                    Text(values[i, nearest[i]]), Text(values[i, theirs.Count - 1])])],
            [$"linear CKA over {similarity.Images} images of {images.Info.Name}: 1 for layers that differ by a "
                + "rotation "
                + $"and a factor, about 0 for independent ones.{leftOver}"],
            [new("similarity", new ValueMatrix(Short(ours), Short(theirs), values)
            {
                Title = same ? $"Similarity of the layers of {left}" : $"Similarity of {left} and {right}",
                Note = $"Linear CKA over {similarity.Images} images."
                    + (same ? "" : $" Rows: layers of {left}; columns: of {right}."),
                Largest = 1,
            })]);
    }

    private static string[] Short(IReadOnlyList<string> layers) =>
        [.. layers.Select(name => name.Replace("block ", "", StringComparison.Ordinal)
            .Replace("embedding", "emb.", StringComparison.Ordinal))];

    private static string Text(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
