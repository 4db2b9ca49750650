namespace Fovea.Data.Transforms;

/// <summary>How pixels between pixels are found. Both widen their reach when shrinking, as Pillow does (antialiasing).</summary>
public enum Interpolation
{
    /// <summary>Triangle filter.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5.</summary>
    Bicubic,
}
