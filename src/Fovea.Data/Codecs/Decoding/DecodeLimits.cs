namespace Fovea.Data.Codecs.Decoding;

/// <summary>Limits on the cost of an image. Both are checked before anything is allocated for it.</summary>
public sealed record DecodeLimits
{
    /// <summary>Usual limit of pixels: that at which Pillow refuses. Telephones reach 108 million.</summary>
    public const int UsualPixels = 178_956_970;

    /// <summary>Four bytes of each of so many fit in one array.</summary>
    public const int MostPixels = 500_000_000;

    internal const long UsualBytes = 1L << 30;

    /// <summary>Bytes that decoding takes for a pixel, at most, in nearly all files.</summary>
    private const long BytesPerPixel = 6;

    /// <summary><see cref="UsualPixels"/> and 1 GiB.</summary>
    public static DecodeLimits Default { get; } = new();

    /// <summary>Width times height, in pixels.</summary>
    public long Pixels { get; init; } = UsualPixels;

    /// <summary>Bytes of memory for decoding, the result included and the file's own bytes not. Default 1
    /// GiB.</summary>
    public long Bytes { get; init; } = UsualBytes;

    /// <summary>Limits for images of so many pixels: the memory grows with them, and is never below the
    /// default.</summary>
    /// <param name="pixels">1 to <see cref="MostPixels"/>.</param>
    public static DecodeLimits Of(long pixels) =>
        new() { Pixels = pixels, Bytes = Math.Max(UsualBytes, pixels * BytesPerPixel) };
}
