using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Fovea.Data.Tests.Codecs;

/// <summary>A PNG reader for tests, written from the specification and sharing no code with the writer.</summary>
internal sealed record TinyPng(int Width, int Height, int ColorType, byte[] Pixels, byte[] Filters)
{
    public static TinyPng Read(byte[] file)
    {
        Assert.Equal("89504E470D0A1A0A", Convert.ToHexString(file[..8]));
        byte[] header = [], data = [];
        int position = 8;
        while (position < file.Length)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(position));
            string type = Encoding.ASCII.GetString(file, position + 4, 4);
            byte[] body = file[(position + 8)..(position + 8 + length)];
            uint crc = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(position + 8 + length));
            Assert.Equal(BitwiseCrc(file.AsSpan(position + 4, 4 + length)), crc);
            if (type == "IHDR") header = body;
            if (type == "IDAT") data = [.. data, .. body];
            position += length + 12;
        }

        return Decode(header, Inflate(data));
    }

    private static TinyPng Decode(byte[] header, byte[] raw)
    {
        int width = BinaryPrimitives.ReadInt32BigEndian(header),
            height = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4));
        int step = header[9] switch { 0 => 1, 2 => 3, 6 => 4, _ => throw new InvalidDataException() };
        int stride = width * step;
        Assert.Equal(height * (stride + 1), raw.Length);
        byte[] pixels = new byte[height * stride], filters = new byte[height];
        for (int y = 0; y < height; y++)
        {
            filters[y] = raw[y * (stride + 1)];
            for (int i = 0; i < stride; i++)
            {
                int a = i < step ? 0 : pixels[y * stride + i - step];
                int b = y == 0 ? 0 : pixels[(y - 1) * stride + i];
                int c = i < step || y == 0 ? 0 : pixels[(y - 1) * stride + i - step];
                pixels[y * stride + i] = (byte)(raw[y * (stride + 1) + 1 + i] + Predict(filters[y], a, b, c));
            }
        }

        return new(width, height, header[9], pixels, filters);
    }

    public static int Predict(int filter, int a, int b, int c)
    {
        int p = a + b - c;
        return filter switch
        {
            0 => 0,
            1 => a,
            2 => b,
            3 => (a + b) >> 1,
            // MinBy keeps the first of equals, as Paeth asks
            4 => new[] { a, b, c }.MinBy(value => Math.Abs(p - value)),
            _ => throw new InvalidDataException(),
        };
    }

    private static byte[] Inflate(byte[] data)
    {
        using ZLibStream inflate = new(new MemoryStream(data), CompressionMode.Decompress);
        using MemoryStream raw = new();
        inflate.CopyTo(raw);
        return raw.ToArray();
    }

    public static uint BitwiseCrc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bool odd = ((crc ^ (uint)(value >> bit)) & 1) != 0;
                crc = (crc >> 1) ^ (odd ? 0xEDB88320u : 0);
            }
        }

        return ~crc;
    }
}
