using Fovea.Data.Loading;
using Fovea.Tensors;

namespace Fovea.Training.Evaluation;

/// <summary>Images of a batch that are computed together, as tensors owned by the running step scope.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="First">The first image's number in it.</param>
/// <param name="Count">Number of images.</param>
internal readonly record struct BatchPart(Batch Batch, int First, int Count)
{
    /// <summary>Parts of equal size; the last may be smaller.</summary>
    public static IEnumerable<BatchPart> Cut(Batch batch, int size)
    {
        for (int first = 0; first < batch.Count; first += size)
            yield return new(batch, first, Math.Min(size, batch.Count - first));
    }

    /// <summary>Share of the batch.</summary>
    public float Share => (float)Count / Batch.Count;

    /// <summary>Classes, on the host.</summary>
    public ReadOnlyMemory<int> Classes => Batch.Labels.AsMemory(First, Count);

    /// <summary>Sizes of the images, <c>[count, channel, height, width]</c>.</summary>
    public Shape Shape => [Count, Batch.Channels, Batch.Height, Batch.Width];

    /// <summary>Images, on the host.</summary>
    public ReadOnlyMemory<float> Pixels =>
        Batch.Images.AsMemory(First * (Shape.Elements / Count), Shape.Elements);

    /// <summary>Images, <c>[count, channel, height, width]</c>.</summary>
    public Tensor Images(Device device) => Tensor.From(Pixels.Span, Shape, device);

    /// <summary>Another view of the images, <c>[count, channel, size, size]</c>.</summary>
    public Tensor View(int number, Device device)
    {
        BatchView view = Batch.Views[number];
        Shape shape = [Count, Batch.Channels, view.Size, view.Size];
        return Tensor.From(view.Images.AsSpan(First * (shape.Elements / Count), shape.Elements), shape, device);
    }

    /// <summary>Soft targets <c>[count, class]</c>, on the host; null: images have classes.</summary>
    public ReadOnlyMemory<float>? SoftTargets => Batch.Targets?.AsMemory(First * Batch.Classes, Count * Batch.Classes);
}

/// <summary>Whole batches as tensors, owned by the running step scope.</summary>
public static class BatchTensors
{
    /// <summary>Images, <c>[count, channel, height, width]</c>.</summary>
    public static Tensor ToImages(this Batch batch, Device device) =>
        new BatchPart(batch, 0, batch.Count).Images(device);

    /// <summary>Labels, <c>[count]</c>.</summary>
    public static Tensor ToLabels(this Batch batch, Device device) =>
        Tensor.From(batch.Labels.AsSpan(0, batch.Count), [batch.Count], device);

    /// <summary>Mirrors the images left and right, in place.</summary>
    public static void Flip(this Batch batch)
    {
        Span<float> samples = batch.Images.AsSpan(0, batch.Count * batch.Channels * batch.Height * batch.Width);
        for (int row = 0; row < samples.Length; row += batch.Width) samples.Slice(row, batch.Width).Reverse();
    }
}
