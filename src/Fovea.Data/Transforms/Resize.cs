
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>resize:SHORTER</c> keeps the proportions (longer side rounded down), <c>resize:HEIGHTxWIDTH</c> does not;
/// both take <c>:interpolation=bicubic</c>.
/// </summary>
/// <param name="Height">Rows, or the shorter side in pixels.</param>
/// <param name="Width">Columns; none to keep the proportions.</param>
/// <param name="Interpolation">Bilinear, as in torchvision, unless told otherwise.</param>
public sealed record Resize(int Height, int? Width = null, Interpolation Interpolation = Interpolation.Bilinear)
    : ImageTransform
{
    private static readonly Option<(int Height, int? Width)> Extent =
        Option.Of("size", new ValueForm<(int Height, int? Width)>("SHORTER|HEIGHTxWIDTH", "a size", TryReadExtent,
            PrintExtent), default, "size in pixels");

    internal static TransformEntry Entry { get; } = new("resize", [CommonOptions.Interpolation], Create)
    {
        Main = Extent,
    };

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        (int height, int width) = Width is int exact ? (Height, exact)
            : image.Height <= image.Width ? (Height, Longer(image.Width, image.Height))
            : (Longer(image.Height, image.Width), Height);
        scratch.Resize(image, height, width, Interpolation);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Entry.Print(PrintExtent((Height, Width)), CommonOptions.Interpolation.PrintUnlessDefault(Interpolation));

    private static Resize Create(OptionValues values)
    {
        (int height, int? width) = values.Of(Extent);
        return new Resize(height, width, values.Of(CommonOptions.Interpolation));
    }

    private static bool TryReadExtent(string text, out (int Height, int? Width) extent)
    {
        extent = text.Split('x') switch
        {
            [string one] => (CommonOptions.ReadSize(one), null),
            [string height, string width] => (CommonOptions.ReadSize(height), CommonOptions.ReadSize(width)),
            _ => throw new UsageException("a size is one number or HEIGHTxWIDTH"),
        };
        return true;
    }

    private static string PrintExtent((int Height, int? Width) extent) =>
        extent.Width is int width ? $"{extent.Height}x{width}" : $"{extent.Height}";

    private int Longer(int longer, int shorter) => (int)((long)Height * longer / shorter);
}
