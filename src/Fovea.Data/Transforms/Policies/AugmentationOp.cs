namespace Fovea.Data.Transforms.Policies;

/// <summary>The changes that learned and random policies choose from. The first fourteen are those of
/// RandAugment.</summary>
internal enum AugmentationOp
{
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Color,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
    Invert,
}
