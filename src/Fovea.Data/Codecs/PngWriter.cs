using System.Buffers.Binary;
using System.IO.Compression;

namespace Fovea.Data.Codecs;

/// <summary>Writes 8-bit PNG images: grey, RGB and RGBA, not interlaced.</summary>
/// <remarks>Each row gets the filter that leaves the smallest differences. Source: PNG specification (third edition).</remarks>
public static class PngWriter
{
    /// <summary>The image as the bytes of a PNG file.</summary>
    /// <inheritdoc cref="Write"/>
    public static byte[] Encode(ReadOnlySpan<byte> pixels, int width, int height, PngColor color)
    {
        using MemoryStream file = new();
        Write(file, pixels, width, height, color);
        return file.ToArray();
    }

    /// <summary>Writes a PNG file to <paramref name="stream"/>, which stays open.</summary>
    /// <param name="stream">Where the file goes.</param>
    /// <param name="pixels">Rows from the top, pixels from the left, channels interleaved: <c>[height, width, channel]</c>.</param>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="color">What the bytes of a pixel mean.</param>
    /// <exception cref="ArgumentException"><paramref name="pixels"/> does not hold exactly that many pixels.</exception>
    public static void Write(Stream stream, ReadOnlySpan<byte> pixels, int width, int height, PngColor color)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int channels = Channels(color);
        if (pixels.Length != (long)width * height * channels)
        {
            throw new ArgumentException(
                $"A {width}x{height} {color} image has {(long)width * height * channels} bytes, not {pixels.Length}.", nameof(pixels));
        }

        stream.Write(ImageSignature.Png);
        WriteChunk(stream, "IHDR"u8, Header(width, height, color));
        WriteChunk(stream, "IDAT"u8, Compress(pixels, width * channels, channels));
        WriteChunk(stream, "IEND"u8, []);
    }

    private static int Channels(PngColor color) => color switch
    {
        PngColor.Grey => 1,
        PngColor.Rgb => 3,
        PngColor.Rgba => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(color), color, "Grey, Rgb and Rgba can be written."),
    };

    private static byte[] Header(int width, int height, PngColor color)
    {
        byte[] header = new byte[13];   // the last three bytes stay 0: deflate, the five filters, no interlacing
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[9] = (byte)color;
        return header;
    }

    private static ReadOnlySpan<byte> Compress(ReadOnlySpan<byte> pixels, int rowLength, int step)
    {
        MemoryStream data = new();
        using (ZLibStream deflate = new(data, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] best = new byte[rowLength], trial = new byte[rowLength];
            ReadOnlySpan<byte> above = new byte[rowLength];
            for (; !pixels.IsEmpty; pixels = pixels[rowLength..])
            {
                ReadOnlySpan<byte> row = pixels[..rowLength];
                deflate.WriteByte((byte)FilterBest(row, above, step, ref best, ref trial));
                deflate.Write(best);
                above = row;
            }
        }

        return data.GetBuffer().AsSpan(0, (int)data.Length);
    }

    /// <summary>Leaves the row in <paramref name="best"/>, filtered by the filter that is returned.</summary>
    private static int FilterBest(ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int step, ref byte[] best, ref byte[] trial)
    {
        int bestFilter = 0;
        long bestCost = long.MaxValue;
        for (int filter = 0; filter < PngFilter.Count && bestCost > 0; filter++)
        {
            PngFilter.Apply(filter, row, above, step, trial);
            long cost = PngFilter.Cost(trial);
            if (cost >= bestCost) continue;
            (bestFilter, bestCost) = (filter, cost);
            (best, trial) = (trial, best);
        }

        return bestFilter;
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = new byte[4 + type.Length + data.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        type.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.Of(chunk.AsSpan(4, 4 + data.Length)));
        stream.Write(chunk);
    }
}
