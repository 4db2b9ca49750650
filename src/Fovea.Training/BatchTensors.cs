using Fovea.Data.Loading;
using Fovea.Tensors;

namespace Fovea.Training;

/// <summary>Batches as tensors, owned by the running step scope.</summary>
internal static class BatchTensors
{
    /// <summary>Pictures, <c>[count, channel, height, width]</c>.</summary>
    public static Tensor ToImages(this Batch batch, Device device)
    {
        Shape shape = [batch.Count, batch.Channels, batch.Height, batch.Width];
        return Tensor.From(batch.Images.AsSpan(0, shape.Count), shape, device);
    }

    /// <summary>Classes, <c>[count]</c>.</summary>
    public static Tensor ToLabels(this Batch batch, Device device) =>
        Tensor.From(batch.Labels.AsSpan(0, batch.Count), [batch.Count], device);

    /// <summary>Soft targets, <c>[count, class]</c>.</summary>
    public static Tensor ToTargets(this Batch batch, Device device) =>
        Tensor.From(batch.Targets.AsSpan(0, batch.Count * batch.Classes), [batch.Count, batch.Classes], device);

    /// <summary>Mirrors the pictures left and right, in place.</summary>
    public static void Flip(this Batch batch)
    {
        Span<float> samples = batch.Images.AsSpan(0, batch.Count * batch.Channels * batch.Height * batch.Width);
        for (int row = 0; row < samples.Length; row += batch.Width) samples.Slice(row, batch.Width).Reverse();
    }
}
