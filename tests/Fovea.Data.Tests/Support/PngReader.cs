using System.Buffers.Binary;
using System.IO.Compression;

namespace Fovea.Data.Tests.Support;

/// <summary>Reads the golden pictures: PNG of 8 bits, grey or RGB, not interlaced.</summary>
internal static class PngReader
{
    public static RawImage Read(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        using MemoryStream packed = new();
        int width = 0, height = 0, channels = 0;
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file[at..]);
            ReadOnlySpan<byte> type = file.Slice(at + 4, 4), body = file.Slice(at + 8, length);
            if (type.SequenceEqual("IHDR"u8))
            {
                (width, height) = (BinaryPrimitives.ReadInt32BigEndian(body), BinaryPrimitives.ReadInt32BigEndian(body[4..]));
                Assert.Equal(8, body[8]);
                Assert.Equal(0, body[12]);
                channels = body[9] switch { 0 => 1, 2 => 3, byte kind => throw new NotSupportedException($"colour type {kind}") };
            }
            else if (type.SequenceEqual("IDAT"u8))
            {
                packed.Write(body);
            }

            at += length + 12;
        }

        packed.Position = 0;
        using ZLibStream zlib = new(packed, CompressionMode.Decompress);
        return Unfilter(zlib, channels, height, width);
    }

    private static RawImage Unfilter(Stream rows, int channels, int height, int width)
    {
        RawImage image = new(channels, height, width);
        byte[] row = new byte[width * channels], above = new byte[width * channels];
        for (int y = 0; y < height; y++)
        {
            int filter = rows.ReadByte();
            rows.ReadExactly(row);
            for (int i = 0; i < row.Length; i++)
            {
                int left = i < channels ? 0 : row[i - channels], corner = i < channels ? 0 : above[i - channels];
                row[i] += (byte)(filter switch
                {
                    0 => 0,
                    1 => left,
                    2 => above[i],
                    3 => (left + above[i]) / 2,
                    4 => Paeth(left, above[i], corner),
                    _ => throw new NotSupportedException($"filter {filter}"),
                });
            }

            for (int i = 0; i < row.Length; i++) image.Plane(i % channels)[y * width + i / channels] = row[i];
            (row, above) = (above, row);
        }

        return image;
    }

    private static int Paeth(int left, int above, int corner)
    {
        int a = Math.Abs(above - corner), b = Math.Abs(left - corner), c = Math.Abs(left + above - 2 * corner);
        return a <= b && a <= c ? left : b <= c ? above : corner;
    }
}
