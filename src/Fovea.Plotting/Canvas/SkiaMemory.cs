using SkiaSharp;

namespace Fovea.Plotting.Canvas;

/// <summary>Skia answers with nothing where its memory does not suffice.</summary>
internal static class SkiaMemory
{
    /// <summary>Pixels whose values are undefined.</summary>
    /// <exception cref="InsufficientMemoryException">There is no memory for them.</exception>
    public static SKBitmap Bitmap(int width, int height)
    {
        SKBitmap bitmap = new();
        if (bitmap.TryAllocPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque)))
            return bitmap;
        bitmap.Dispose();
        return Require<SKBitmap>(null, width, height);
    }

    /// <summary>Passes on what Skia made of an image.</summary>
    /// <exception cref="InsufficientMemoryException">It made nothing.</exception>
    public static T Require<T>(T? made, int width, int height)
        where T : class =>
        made ?? throw new InsufficientMemoryException($"There is no memory for an image of {width} x {height} pixels.");
}
