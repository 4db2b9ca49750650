using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>center-crop:SIZE</c>: the middle square; a smaller image is surrounded with black.</summary>
/// <param name="Size">Side in pixels.</param>
public sealed record CenterCrop(int Size) : ImageTransform
{
    internal static TransformEntry Entry { get; } = new(
        "center-crop",
        [],
        values => new CenterCrop(values.Of(CommonOptions.Size)))
    {
        Main = CommonOptions.Size,
    };

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch) =>
        scratch.Crop(image, new Box(Start(image.Height), Start(image.Width), Size, Size));

    /// <inheritdoc/>
    public override string ToString() => Entry.Print($"{Size}");

    // torchvision rounds half to even when it cuts (Python's round), but towards more black at the end when it pads.
    private int Start(int length) => length >= Size ? (int)Math.Round((length - Size) / 2.0) : -((Size - length) / 2);
}
