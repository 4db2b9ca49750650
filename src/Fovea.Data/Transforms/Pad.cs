
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>pad:PIXELS</c>: a black frame on all four sides.</summary>
/// <param name="Pixels">Its width.</param>
public sealed record Pad(int Pixels) : ImageTransform
{
    private static readonly Option<int> PixelsOption = CommonOptions.SizeAs("PIXELS");

    internal static TransformEntry Entry { get; } = new("pad", [], values => new Pad(values.Of(PixelsOption)))
    {
        Main = PixelsOption,
    };

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch) =>
        scratch.Crop(image, new Box(-Pixels, -Pixels, image.Height + 2 * Pixels, image.Width + 2 * Pixels));

    /// <inheritdoc/>
    public override string ToString() => Entry.Print($"{Pixels}");
}
