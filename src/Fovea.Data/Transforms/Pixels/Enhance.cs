namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// Pillow's <c>ImageEnhance</c>: a blend of the image with a degenerate one. Factor 0 gives the degenerate, 1 the
/// image, more exaggerates.
/// </summary>
internal static class Enhance
{
    /// <summary>Blends with black.</summary>
    public static void Brightness(RawImage image, double factor) => Flat(image, 0, factor);

    /// <summary>Blends with the mean luma.</summary>
    public static void Contrast(RawImage image, double factor, ImageScratch scratch) =>
        Flat(image, (byte)Luma.Mean(image, scratch), factor);

    /// <summary>Blends with the grey image.</summary>
    public static void Saturation(RawImage image, double factor, ImageScratch scratch)
    {
        if (image.Channels == 1 || factor == 1) return;
        RawImage grey = scratch.Spare;
        grey.SetSize(1, image.Height, image.Width);
        Luma.Of(image, grey.Pixels);
        for (int channel = 0; channel < image.Channels; channel++)
            Blend.Into(image.Plane(channel), grey.Pixels, (float)factor);
    }

    /// <summary>Blends with a smoothed image.</summary>
    public static void Sharpness(RawImage image, double factor, ImageScratch scratch)
    {
        if (image.Height < 3 || image.Width < 3 || factor == 1) return;
        RawImage smooth = scratch.Spare;
        smooth.SetSize(1, image.Height, image.Width);
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Smooth(image.Plane(channel), smooth.Pixels, image.Width);
            Blend.Into(image.Plane(channel), smooth.Pixels, (float)factor);
        }
    }

    /// <summary>A blend with one level is a table.</summary>
    private static void Flat(RawImage image, byte level, double factor)
    {
        Span<byte> table = stackalloc byte[256];
        for (int i = 0; i < table.Length; i++) table[i] = Blend.Of(level, (byte)i, (float)factor);
        Lookup.Apply(image.Pixels, table);
    }

    /// <summary>
    /// <c>ImageFilter.SMOOTH</c>: (Σ of 3 x 3 samples + 4 · the middle one) / 13, rounded; the outermost pixels stay. A
    /// sum is never halfway between two multiples of 13, so that whole numbers round as Pillow's floats do.
    /// </summary>
    private static void Smooth(ReadOnlySpan<byte> from, Span<byte> to, int width)
    {
        from.CopyTo(to);
        for (int row = width; row < from.Length - width; row += width)
        {
            ReadOnlySpan<byte> above = from.Slice(row - width, width), here = from.Slice(row, width);
            ReadOnlySpan<byte> below = from.Slice(row + width, width);
            Span<byte> target = to.Slice(row, width);
            int before = 0, middle = above[0] + here[0] + below[0], after = above[1] + here[1] + below[1];
            for (int x = 1; x < width - 1; x++)
            {
                (before, middle, after) = (middle, after, above[x + 1] + here[x + 1] + below[x + 1]);
                target[x] = (byte)((uint)(2 * (before + middle + after + 4 * here[x]) + 13) / 26);
            }
        }
    }
}
