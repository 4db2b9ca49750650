namespace Fovea.Vision.Position;

/// <summary>By which neighbours a value between them is guessed.</summary>
public enum ResamplingFilter
{
    /// <summary>Straight lines between two neighbours.</summary>
    Bilinear,

    /// <summary>Cubics through four neighbours (Keys 1981, "Cubic convolution interpolation for digital image processing").</summary>
    Bicubic,
}
