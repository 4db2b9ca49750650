using SkiaSharp;

namespace Fovea.Plotting.Canvas;

/// <summary>An 8-bit image as the data loaders hold it: one plane per channel, <c>[channel, height,
/// width]</c>.</summary>
public sealed class PlanarImage
{
    private readonly ReadOnlyMemory<byte> _samples;

    /// <summary>Wraps <paramref name="samples"/> without copying.</summary>
    /// <param name="samples">0 to 255, <c>[channel, height, width]</c>.</param>
    /// <param name="channels">1 (grey) or 3 (red, green, blue).</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <exception cref="ArgumentException">The number of samples does not fit the other three.</exception>
    public PlanarImage(ReadOnlyMemory<byte> samples, int channels, int height, int width)
    {
        if (channels is not (1 or 3))
            throw new ArgumentException($"An image has 1 or 3 channels, not {channels}.", nameof(channels));
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (samples.Length != (long)channels * height * width)
        {
            throw new ArgumentException(
                $"A [{channels}, {height}, {width}] image has {(long)channels * height * width} samples, not "
                    + $"{samples.Length}.",
                nameof(samples));
        }

        _samples = samples;
        Channels = channels;
        Height = height;
        Width = width;
    }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>The samples, <c>[channel, height, width]</c>.</summary>
    public ReadOnlySpan<byte> Samples => _samples.Span;

    /// <summary>The image as the bytes of a PNG file.</summary>
    public byte[] ToPng()
    {
        using SKImage image = ToPixels();
        using SKData png = SkiaMemory.Require(image.Encode(SKEncodedImageFormat.Png, 100), Width, Height);
        return png.ToArray();
    }

    /// <summary>A copy with the channels of each pixel side by side.</summary>
    internal SKImage ToPixels()
    {
        if (Channels == 1)
            return SkiaMemory.Require(SKImage.FromPixelCopy(
                new SKImageInfo(Width, Height, SKColorType.Gray8, SKAlphaType.Opaque), Samples), Width, Height);
        int plane = Height * Width;
        byte[] pixels = new byte[4 * plane];
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < 3; channel++) pixels[4 * i + channel] = Samples[channel * plane + i];
            pixels[4 * i + 3] = 255;
        }

        return SkiaMemory.Require(SKImage.FromPixelCopy(
            new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque), pixels), Width, Height);
    }

    /// <summary>The image at another size: nearest pixels where it grows, averages (a box filter) where it
    /// shrinks.</summary>
    public PlanarImage Resize(int height, int width)
    {
        byte[] resized = new byte[Channels * height * width];
        (int Start, int End)[] rows = Sources(Height, height), columns = Sources(Width, width);
        int next = 0;
        for (int channel = 0; channel < Channels; channel++)
        {
            foreach ((int Start, int End) row in rows)
                foreach ((int Start, int End) column in columns)
                    resized[next++] = Average(channel, row, column);
        }

        return new PlanarImage(resized, Channels, height, width);
    }

    /// <summary>The image, shrunk until its longer side has at most <paramref name="longest"/> pixels.</summary>
    public PlanarImage Shrink(int longest)
    {
        int longer = Math.Max(Height, Width);
        return longer <= longest ? this
            : Resize(Math.Max(1, (int)((long)Height * longest / longer)),
                Math.Max(1, (int)((long)Width * longest / longer)));
    }

    /// <summary>The range of <paramref name="from"/> samples that each of <paramref name="to"/> samples is made
    /// of.</summary>
    private static (int Start, int End)[] Sources(int from, int to)
    {
        (int, int)[] sources = new (int, int)[to];
        for (int i = 0; i < to; i++)
        {
            int nearest = (int)((2L * i + 1) * from / (2L * to));
            sources[i] = to >= from ? (nearest, nearest + 1)
                : ((int)((long)i * from / to), (int)(((i + 1L) * from + to - 1) / to));
        }

        return sources;
    }

    private byte Average(int channel, (int Start, int End) rows, (int Start, int End) columns)
    {
        long sum = 0, count = (long)(rows.End - rows.Start) * (columns.End - columns.Start);
        for (int y = rows.Start; y < rows.End; y++)
        {
            ReadOnlySpan<byte> row = Samples.Slice((channel * Height + y) * Width, Width);
            foreach (byte sample in row[columns.Start..columns.End]) sum += sample;
        }

        return (byte)((sum + count / 2) / count);
    }
}
