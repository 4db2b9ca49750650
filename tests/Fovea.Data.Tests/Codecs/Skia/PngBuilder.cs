using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Fovea.Data.Tests.Codecs.Skia;

/// <summary>PNG files of every kind, written from the specification and sharing no code with the reader.</summary>
internal static class PngBuilder
{
    /// <summary>The pass to which each pixel of an 8 x 8 square belongs: the specification's image of Adam7.</summary>
    private static readonly string[] Passes =
        ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];

    public static int Samples(int colorType) => colorType switch { 0 or 3 => 1, 4 => 2, 2 => 3, _ => 4 };

    /// <summary>A file with the given samples, [height, width, sample]. Filters take turns.</summary>
    public static byte[] Build(int width, int height, int colorType, int depth, bool interlaced, int[] samples,
        params (string, byte[])[] chunks)
    {
        using MemoryStream raw = new();
        for (int pass = 1; pass <= (interlaced ? 7 : 1); pass++)
        {
            byte[]? above = null;
            for (int y = 0; y < height; y++)
            {
                int[] columns = [.. Enumerable.Range(0, width)
                    .Where(x => !interlaced || Passes[y % 8][x % 8] == '0' + pass)];
                if (columns.Length == 0) continue;
                byte[] row = Pack([.. columns.SelectMany(x => Pixel(samples, y * width + x, Samples(colorType)))],
                    depth);
                WriteFiltered(raw, row, above ?? new byte[row.Length], Math.Max(1, Samples(colorType) * depth / 8),
                    (y + pass) % 5);
                above = row;
            }
        }

        return File(Header(width, height, depth, colorType, interlaced), Zip(raw.ToArray()), chunks);
    }

    public static byte[] File(byte[] header, byte[] data, params (string Type, byte[] Body)[] chunks) =>
    [
        0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, .. Chunk("IHDR", header),
        .. chunks.SelectMany(chunk => Chunk(chunk.Type, chunk.Body)),
        // In two pieces, the first of which may be empty.
        .. Chunk("IDAT", data[..(data.Length / 3)]), .. Chunk("IDAT", data[(data.Length / 3)..]), .. Chunk("IEND", []),
    ];

    public static byte[] Header(int width, int height, int depth, int colorType, bool interlaced) =>
        [.. Big((uint)width), .. Big((uint)height), (byte)depth, (byte)colorType, 0, 0, (byte)(interlaced ? 1 : 0)];

    public static byte[] Chunk(string type, byte[] body)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. body];
        return [.. Big((uint)body.Length), .. named, .. Big(TinyPng.BitwiseCrc(named))];
    }

    public static byte[] Zip(byte[] raw)
    {
        using MemoryStream packed = new();
        using (ZLibStream zlib = new(packed, CompressionLevel.Fastest)) zlib.Write(raw);
        return packed.ToArray();
    }

    /// <summary>Puts right the checksums of all chunks that can still be found, so that damage reaches what lies behind
    /// them.</summary>
    public static void FixChecksums(byte[] file)
    {
        for (int at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (at + 12 + length > file.Length) return;
            uint crc = TinyPng.BitwiseCrc(file.AsSpan(at + 4, (int)length + 4));
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at + 8 + (int)length), crc);
            at += 12 + (int)length;
        }
    }

    private static IEnumerable<int> Pixel(int[] samples, int index, int count) =>
        samples.Skip(index * count).Take(count);

    private static byte[] Pack(int[] samples, int depth)
    {
        string bits = string.Concat(samples.Select(sample => Convert.ToString(sample, 2).PadLeft(depth, '0')));
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '0');
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2))];
    }

    private static void WriteFiltered(MemoryStream raw, byte[] row, byte[] above, int step, int filter)
    {
        raw.WriteByte((byte)filter);
        for (int i = 0; i < row.Length; i++)
        {
            int a = i < step ? 0 : row[i - step], b = above[i], c = i < step ? 0 : above[i - step];
            raw.WriteByte((byte)(row[i] - TinyPng.Predict(filter, a, b, c)));
        }
    }

    private static byte[] Big(uint value) =>
        [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
