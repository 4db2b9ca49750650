namespace Fovea.Data.Codecs.Jpeg;

/// <summary>One component of an image to be encoded, filled up to whole MCUs with its last column and row.</summary>
internal sealed class EncoderPlane(int width, int height)
{
    private readonly byte[] _samples = new byte[width * height];

    public int Width => width;

    public int Height => height;

    /// <summary>From the first sample of a block on.</summary>
    public ReadOnlySpan<byte> Block(int x, int y) => _samples.AsSpan((y * width + x) * 8);

    /// <summary>The components of an image; colours have 1 / <paramref name="factor"/> of the columns and rows.</summary>
    public static EncoderPlane[] Of(RawImage image, int factor)
    {
        int unit = 8 * factor, width = (image.Width + unit - 1) / unit * unit, height = (image.Height + unit - 1) / unit * unit;
        EncoderPlane[] planes = [.. Enumerable.Range(0, image.Channels).Select(_ => new EncoderPlane(width, height))];
        for (int y = 0; y < image.Height; y++)
        {
            if (planes.Length == 1) image.Pixels.Slice(y * image.Width, image.Width).CopyTo(planes[0].Row(y));
            else ToYCbCr(image, y, planes[0].Row(y), planes[1].Row(y), planes[2].Row(y));
        }

        foreach (EncoderPlane plane in planes) plane.FillUp(image.Width, image.Height);
        return factor == 1 ? planes : [planes[0], planes[1].Halve(), planes[2].Halve()];
    }

    private Span<byte> Row(int y) => _samples.AsSpan(y * width, width);

    /// <summary>JFIF 1.02, page 3, with 16 bits below the point.</summary>
    private static void ToYCbCr(RawImage image, int y, Span<byte> luma, Span<byte> blueness, Span<byte> redness)
    {
        const int half = 1 << 15, centre = (128 << 16) + half - 1;   // just below a half: 255.5 must not become 256
        int start = y * image.Width;
        ReadOnlySpan<byte> reds = image.Plane(0)[start..], greens = image.Plane(1)[start..], blues = image.Plane(2)[start..];
        for (int x = 0; x < image.Width; x++)
        {
            (int red, int green, int blue) = (reds[x], greens[x], blues[x]);
            luma[x] = (byte)(19595 * red + 38470 * green + 7471 * blue + half >> 16);
            blueness[x] = (byte)(-11059 * red - 21709 * green + 32768 * blue + centre >> 16);
            redness[x] = (byte)(32768 * red - 27439 * green - 5329 * blue + centre >> 16);
        }
    }

    private void FillUp(int usedWidth, int usedHeight)
    {
        for (int y = 0; y < usedHeight; y++) Row(y)[usedWidth..].Fill(Row(y)[usedWidth - 1]);
        for (int y = usedHeight; y < height; y++) Row(usedHeight - 1).CopyTo(Row(y));
    }

    /// <summary>The mean of each four samples; halves are rounded up and down in turn.</summary>
    private EncoderPlane Halve()
    {
        EncoderPlane half = new(width / 2, height / 2);
        for (int y = 0; y < half.Height; y++)
        {
            ReadOnlySpan<byte> upper = Row(2 * y), lower = Row(2 * y + 1);
            Span<byte> target = half.Row(y);
            for (int x = 0; x < target.Length; x++)
                target[x] = (byte)(upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 1 + (x & 1) >> 2);
        }

        return half;
    }
}
