namespace Fovea.Data.Codecs.Writing;

/// <summary>How many samples of colour a JPEG keeps for its samples of brightness.</summary>
public enum JpegSampling
{
    /// <summary>4:4:4: one for each pixel.</summary>
    Full,

    /// <summary>4:2:0: one for each square of four pixels, as photographs usually have it.</summary>
    Quarter,
}
