namespace Fovea.Data.Codecs.Writing;

/// <summary>Number of samples of colour that a JPEG keeps for its samples of brightness.</summary>
public enum JpegSampling
{
    /// <summary>4:4:4: one for each pixel.</summary>
    Full,

    /// <summary>4:2:0: one for each square of four pixels, as photographs usually have it.</summary>
    Quarter,
}
