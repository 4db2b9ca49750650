
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary><c>random-crop:SIZE[:padding=0]</c>: a square from anywhere in the image, which may get a black frame
/// first.</summary>
/// <param name="Size">Side in pixels.</param>
/// <param name="Padding">Width of the frame in pixels.</param>
public sealed record RandomCrop(int Size, int Padding = 0) : ImageTransform
{
    private static readonly Option<int> PaddingOption =
        Option.Of("padding", ValueForm.Whole(0, CommonOptions.MostPixels), 0, "width of the frame in pixels");

    internal static TransformEntry Entry { get; } = new(
        "random-crop",
        [PaddingOption],
        values => new RandomCrop(values.Of(CommonOptions.Size), values.Of(PaddingOption)))
    {
        Main = CommonOptions.Size,
    };

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        int spareRows = image.Height + 2 * Padding - Size, spareColumns = image.Width + 2 * Padding - Size;
        if (spareRows < 0 || spareColumns < 0)
        {
            throw new DataException(
                $"{this}: an image of {image.Height} x {image.Width} pixels is too small for a crop of {Size}; " +
                $"put resize:{Size} before it or raise padding.");
        }

        int top = draws.Below(0, spareRows + 1), left = draws.Below(1, spareColumns + 1);
        scratch.Crop(image, new Box(top - Padding, left - Padding, Size, Size));
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print($"{Size}", PaddingOption.PrintUnlessDefault(Padding));
}
