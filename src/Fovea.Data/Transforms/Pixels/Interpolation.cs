namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// How pixels between pixels are found. All but <see cref="Nearest"/> widen their reach when shrinking, as Pillow does
/// (antialiasing).
/// </summary>
public enum Interpolation
{
    /// <summary>Triangle filter.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5.</summary>
    Bicubic,

    /// <summary>The pixel at the place; no antialiasing.</summary>
    Nearest,

    /// <summary>Mean over the pixel's area.</summary>
    Box,

    /// <summary>Windowed sinc of three lobes.</summary>
    Lanczos,
}
