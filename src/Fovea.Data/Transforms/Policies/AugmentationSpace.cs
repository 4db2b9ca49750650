using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms.Policies;

/// <summary>Operations, and their strength at a level: torchvision's tables (0.14, <c>autoaugment.py</c>).</summary>
/// <param name="shear">Largest shear, pixels per row.</param>
/// <param name="rotation">Largest angle in degrees.</param>
/// <param name="enhancement">Largest change of a factor.</param>
/// <param name="lostBits">Most bits that posterising takes away.</param>
/// <param name="shift">Largest shift in pixels; null: 150/331 of the side.</param>
internal sealed class AugmentationSpace(float shear, float rotation, float enhancement, int lostBits, float? shift)
{
    /// <summary>Operations of RandAugment and TrivialAugment: all but <see cref="AugmentationOp.Invert"/>.</summary>
    public const int RandomOps = 14;

    /// <summary>Strengths of AutoAugment and RandAugment.</summary>
    public static AugmentationSpace Standard { get; } = new(0.3f, 30, 0.9f, 4, null);

    /// <summary>Strengths of TrivialAugmentWide.</summary>
    public static AugmentationSpace Wide { get; } = new(0.99f, 135, 0.99f, 6, 32);

    /// <summary>Strength at a level, unsigned: a slope, pixels, degrees, a change of a factor, bits that stay, or a
    /// threshold.</summary>
    /// <param name="op">The operation.</param>
    /// <param name="level">0 to <paramref name="bins"/> - 1; levels between whole ones are allowed.</param>
    /// <param name="bins">Number of levels.</param>
    /// <param name="height">Rows of the image.</param>
    /// <param name="width">Columns of the image.</param>
    public float Magnitude(AugmentationOp op, float level, int bins, int height, int width) => op switch
    {
        AugmentationOp.ShearX or AugmentationOp.ShearY => Spread(0, shear, bins, level),
        AugmentationOp.TranslateX => Spread(0, shift ?? (float)(150.0 / 331.0 * width), bins, level),
        AugmentationOp.TranslateY => Spread(0, shift ?? (float)(150.0 / 331.0 * height), bins, level),
        AugmentationOp.Rotate => Spread(0, rotation, bins, level),
        AugmentationOp.Brightness or AugmentationOp.Color or AugmentationOp.Contrast or AugmentationOp.Sharpness =>
            Spread(0, enhancement, bins, level),
        AugmentationOp.Posterize => 8 - MathF.Round(level / ((bins - 1) / (float)lostBits)),
        AugmentationOp.Solarize => Spread(255, 0, bins, level),
        _ => 0,
    };

    /// <summary>True where the strength may also be meant the other way.</summary>
    public static bool IsSigned(AugmentationOp op) => op is >= AugmentationOp.ShearX and <= AugmentationOp.Sharpness;

    /// <summary>Applies an operation.</summary>
    /// <param name="op">Which.</param>
    /// <param name="image">Replaced by the result.</param>
    /// <param name="magnitude">Its strength, with its sign.</param>
    /// <param name="fill">Level of what lies outside the image.</param>
    /// <param name="scratch">The worker's memory.</param>
    public static void Apply(AugmentationOp op, RawImage image, double magnitude, byte fill, ImageScratch scratch)
    {
        switch (op)
        {
            case AugmentationOp.ShearX: Affine.ShearX(magnitude).Apply(image, fill, scratch); break;
            case AugmentationOp.ShearY: Affine.ShearY(magnitude).Apply(image, fill, scratch); break;
            case AugmentationOp.TranslateX: Affine.Shift((int)magnitude, 0).Apply(image, fill, scratch); break;
            case AugmentationOp.TranslateY: Affine.Shift(0, (int)magnitude).Apply(image, fill, scratch); break;
            case AugmentationOp.Rotate:
                Affine.Rotation(magnitude, image.Height, image.Width)
                .Apply(image, fill, scratch); break;
            case AugmentationOp.Brightness: Enhance.Brightness(image, 1 + magnitude); break;
            case AugmentationOp.Color: Enhance.Saturation(image, 1 + magnitude, scratch); break;
            case AugmentationOp.Contrast: Enhance.Contrast(image, 1 + magnitude, scratch); break;
            case AugmentationOp.Sharpness: Enhance.Sharpness(image, 1 + magnitude, scratch); break;
            case AugmentationOp.Posterize: Lookup.Posterize(image.Pixels, (int)magnitude); break;
            case AugmentationOp.Solarize: Lookup.Solarize(image.Pixels, magnitude); break;
            case AugmentationOp.AutoContrast: Lookup.AutoContrast(image); break;
            case AugmentationOp.Equalize: Lookup.Equalize(image); break;
            case AugmentationOp.Invert: Lookup.Invert(image.Pixels); break;
            default: break;
        }
    }

    /// <summary>Evenly spaced levels in single precision, from both ends to the middle as <c>torch.linspace</c>
    /// does.</summary>
    private static float Spread(float first, float last, int bins, float level)
    {
        if (bins == 1) return first;
        float step = (last - first) / (bins - 1);
        return level < bins / 2 ? first + step * level : last - step * (bins - 1 - level);
    }
}
