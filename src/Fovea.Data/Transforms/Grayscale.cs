using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>grayscale</c>: replaces colours by their luma (ITU-R BT.601); the number of channels stays.</summary>
/// <remarks>Source: torchvision 0.14, <c>transforms.Grayscale(num_output_channels=3)</c>.</remarks>
public sealed record Grayscale : ImageTransform
{
    internal static TransformEntry Entry { get; } = new("grayscale", [], _ => new Grayscale());

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        if (image.Channels == 1) return;
        Luma.Of(image, image.Plane(0));   // sample by sample, so writing over red is safe
        for (int channel = 1; channel < image.Channels; channel++) image.Plane(0).CopyTo(image.Plane(channel));
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print();
}
