using System.Runtime.InteropServices;
using SkiaSharp;

namespace Fovea.Data.Codecs.Writing;

/// <summary>Hands pixels to Skia's encoders.</summary>
internal static class SkiaWriter
{
    /// <param name="pixels">Channels interleaved: <c>[height, width, channel]</c>.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 (grey), 3 (red, green, blue) or 4 (with alpha).</param>
    /// <param name="encode">The encoder.</param>
    public static byte[] Encode(
        ReadOnlySpan<byte> pixels, int width, int height, int channels, Func<SKPixmap, SKData?> encode)
    {
        (SKColorType color, SKAlphaType alpha) = channels switch
        {
            1 => (SKColorType.Gray8, SKAlphaType.Opaque),
            3 => (SKColorType.Rgba8888, SKAlphaType.Opaque),
            _ => (SKColorType.Rgba8888, SKAlphaType.Unpremul),
        };
        SKImageInfo info = new(width, height, color, alpha);
        byte[] padded = channels == 3 ? Pad(pixels) : pixels.ToArray();
        GCHandle pin = GCHandle.Alloc(padded, GCHandleType.Pinned);
        try
        {
            using SKPixmap pixmap = new(info, pin.AddrOfPinnedObject());
            // Sizes are checked before: nothing else is missing.
            using SKData file = encode(pixmap)
                ?? throw new InsufficientMemoryException(
                    $"There is no memory to encode an image of {width} x {height} pixels.");
            return file.ToArray();
        }
        finally
        {
            pin.Free();
        }
    }

    /// <summary>Pixels of four bytes, of which the last means nothing.</summary>
    private static byte[] Pad(ReadOnlySpan<byte> pixels)
    {
        byte[] padded = new byte[pixels.Length / 3 * 4];
        for (int from = 0, to = 0; from < pixels.Length; from += 3, to += 4)
            pixels.Slice(from, 3).CopyTo(padded.AsSpan(to));
        return padded;
    }
}
