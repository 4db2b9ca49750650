using SkiaSharp;

namespace Fovea.Data.Codecs.Writing;

/// <summary>Writes 8-bit PNG images: grey, RGB and RGBA, not interlaced.</summary>
public static class PngWriter
{
    /// <summary>The image as the bytes of a PNG file.</summary>
    /// <param name="pixels">Rows from the top, channels interleaved: <c>[height, width, channel]</c>.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="color">What the bytes of a pixel mean.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> does not hold exactly that many
    /// pixels.</exception>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height, PngColor color)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int channels = color switch { PngColor.Grey => 1, PngColor.Rgb => 3, _ => 4 };
        long length = (long)width * height * channels;
        if (pixels.Length != length)
        {
            throw new ArgumentException(
                $"A {width}x{height} {color} image has {length} bytes, not {pixels.Length}.", nameof(pixels));
        }

        return SkiaWriter.Encode(pixels, width, height, channels, pixmap =>
            pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 6)));
    }
}
