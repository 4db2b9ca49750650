
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>random-resized-crop:SIZE[:scale=0.08..1][:ratio=0.75..1.3333][:interpolation=bicubic]</c>: a random part of the
/// image, resized to a square. After ten boxes that do not fit, the largest central one of an allowed ratio.
/// </summary>
/// <remarks>Source: torchvision 0.14, <c>transforms.RandomResizedCrop</c>.</remarks>
/// <param name="Size">Side of the result in pixels.</param>
public sealed record RandomResizedCrop(int Size) : ImageTransform
{
    private const int Tries = 10;

    private static readonly Option<(double Low, double High)> ScaleOption =
        Option.Of("scale", ValueForm.Ends(1), (0.08, 1), "share of the image's area");

    private static readonly Option<(double Low, double High)> RatioOption =
        Option.Of("ratio", ValueForm.Ends(100), (3.0 / 4, 4.0 / 3), "width divided by height", "0.75..1.3333");

    internal static TransformEntry Entry { get; } = new(
        "random-resized-crop",
        [ScaleOption, RatioOption, CommonOptions.Interpolation],
        values => new RandomResizedCrop(values.Of(CommonOptions.Size))
        {
            Scale = values.Of(ScaleOption),
            Ratio = values.Of(RatioOption),
            Interpolation = values.Of(CommonOptions.Interpolation),
        })
    {
        Main = CommonOptions.Size,
    };

    /// <summary>Share of the image's area, lowest and highest, above 0 to 1.</summary>
    public (double Low, double High) Scale { get; init; } = ScaleOption.Default;

    /// <summary>Width divided by height, lowest and highest; drawn evenly on a logarithmic scale.</summary>
    public (double Low, double High) Ratio { get; init; } = RatioOption.Default;

    /// <summary>Bilinear, as in torchvision, unless told otherwise.</summary>
    public Interpolation Interpolation { get; init; }

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        scratch.Crop(image, Choose(image.Height, image.Width, draws));
        scratch.Resize(image, Size, Size, Interpolation);
    }

    /// <summary>The part of an image of this size that the draws select.</summary>
    public Box Choose(int height, int width, Philox draws)
    {
        double lowRatio = Math.Log(Ratio.Low), highRatio = Math.Log(Ratio.High);
        for (int i = 0; i < Tries; i++)
        {
            ulong first = 4 * (ulong)i;
            double area = (double)height * width * Between(draws.Uniform(first), Scale.Low, Scale.High);
            double ratio = Math.Exp(Between(draws.Uniform(first + 1), lowRatio, highRatio));
            int boxWidth = (int)Math.Round(Math.Sqrt(area * ratio)),
                boxHeight = (int)Math.Round(Math.Sqrt(area / ratio));
            if (boxWidth < 1 || boxWidth > width || boxHeight < 1 || boxHeight > height) continue;
            int top = draws.Below(first + 2, height - boxHeight + 1),
                left = draws.Below(first + 3, width - boxWidth + 1);
            return new Box(top, left, boxHeight, boxWidth);
        }

        return Central(height, width);
    }

    /// <inheritdoc/>
    public override string ToString() => Entry.Print(
        $"{Size}",
        ScaleOption.PrintUnlessDefault(Scale),
        RatioOption.PrintUnlessDefault(Ratio),
        CommonOptions.Interpolation.PrintUnlessDefault(Interpolation));

    private Box Central(int height, int width)
    {
        double ratio = (double)width / height;
        int boxWidth = ratio > Ratio.High ? Math.Max(1, (int)Math.Round(height * Ratio.High)) : width;
        int boxHeight = ratio < Ratio.Low ? Math.Max(1, (int)Math.Round(width / Ratio.Low)) : height;
        return new Box((height - boxHeight) / 2, (width - boxWidth) / 2, boxHeight, boxWidth);
    }

    private static double Between(double uniform, double low, double high) => low + (high - low) * uniform;
}
