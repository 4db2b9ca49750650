using System.Buffers.Binary;
using Fovea.Data.Codecs;

namespace Fovea.Data.Tests.Codecs.LibTiff;

public sealed class GreySamplesTests
{
    private const int MinIsWhite = 0, MinIsBlack = 1, Signed = 2, Float = 3;

    [Theory]
    [InlineData(MinIsBlack, 8, false, 0)]
    [InlineData(MinIsBlack, 8, false, 1)]
    [InlineData(MinIsBlack, 8, false, 2)]
    [InlineData(MinIsBlack, 8, true, 2)]
    [InlineData(MinIsBlack, 16, false, 2)]
    [InlineData(MinIsWhite, 8, false, 2)]
    [InlineData(MinIsWhite, 16, true, 1)]
    public void Alpha_beside_grey_is_dropped(int photometric, int bits, bool isPlanar, int alpha)
    {
        byte[] grey = [0, 10, 100, 200, 254, 255], expected = photometric == MinIsWhite
            ? [.. grey.Select(value => (byte)(255 - value))] : grey;
        foreach (byte opacity in (byte[])[0, 128, 255])
        {
            byte[][] planes = [grey, [.. grey.Select(_ => opacity)]];
            byte[] samples = isPlanar ? [.. planes[0], .. planes[1]]
                : [.. grey.SelectMany(value => (byte[])[value, opacity])];
            RawImage image = ImageFile.Read(File(3, 2, 2, bits, photometric, samples, alpha, isPlanar));
            Assert.Equal((3, 2, 1), (image.Width, image.Height, image.Channels));
            Assert.Equal(expected, image.Pixels.ToArray());
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Tiles_are_put_together(int bits)
    {
        const int Width = 37, Height = 21;
        byte[] grey = [.. Enumerable.Range(0, Width * Height).Select(i => (byte)(7 * i + i / Width))];
        RawImage image = ImageFile.Read(Tiled(Width, Height, bits, grey));
        Assert.Equal((Width, Height, 1), (image.Width, image.Height, image.Channels));
        Assert.Equal(grey, image.Pixels.ToArray());
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(1, Signed)]
    [InlineData(1, Float)]
    public void Samples_of_another_meaning_are_refused(int samples, int format)
    {
        byte[] file = File(3, 2, samples, 16, MinIsBlack, new byte[6 * samples], 0, isPlanar: false, format);
        DataException error = Assert.Throws<DataException>(() => ImageFile.Read(file, "x"));
        Assert.Contains(format == 1 ? $"has {samples} samples of grey" : "whole numbers from 0 on", error.Message,
            StringComparison.Ordinal);
        Assert.Throws<DataException>(() => ImageFile.Identify(file, "x"));
    }

    /// <summary>Files to damage: in strips, by planes and of 16 bits.</summary>
    internal static byte[][] Samples()
    {
        byte[] pixels = [.. Enumerable.Range(0, 48).Select(i => (byte)(5 * i))];
        return [File(6, 4, 2, 8, MinIsBlack, pixels, 2, isPlanar: false), File(6, 4, 2, 8, MinIsWhite, pixels, 1,
            isPlanar: true), File(6, 4, 2, 16, MinIsBlack, pixels, 0, isPlanar: false),
            Tiled(20, 18, 8, new byte[360]), Tiled(20, 18, 16, new byte[360])];
    }

    /// <summary>Grey and half transparent, in tiles of 16 x 16 pixels.</summary>
    private static byte[] Tiled(int width, int height, int bits, byte[] grey)
    {
        const int Side = 16;
        List<byte> samples = [];
        for (int top = 0; top < height; top += Side)
            for (int left = 0; left < width; left += Side)
                for (int i = 0; i < Side * Side; i++)
                {
                    (int y, int x) = (top + i / Side, left + i % Side);
                    samples.AddRange([y < height && x < width ? grey[y * width + x] : (byte)99, 128]);
                }

        return File(width, height, 2, bits, MinIsBlack, [.. samples], 2, isPlanar: false, tile: Side);
    }

    /// <summary>A TIFF file of one strip (one a plane), or of tiles. Samples of 16 bits are the given bytes twice:
    /// value * 257.</summary>
    private static byte[] File(int width, int height, int count, int bits, int photometric, byte[] samples, int alpha,
        bool isPlanar, int format = 1, int tile = 0)
    {
        byte[] pixels = bits == 8 ? samples : [.. samples.SelectMany(value => (byte[])[value, value])];
        int parts = isPlanar ? count : tile == 0 ? 1 : (width + tile - 1) / tile * ((height + tile - 1) / tile);
        int length = pixels.Length / parts, data = 8;
        int[] starts = [.. Enumerable.Range(0, parts).Select(part => data + part * length)];
        int[] lengths = [.. Enumerable.Repeat(length, parts)];
        List<byte> body = [.. pixels];
        List<(int Tag, int Type, int[] Values)> fields =
        [
            (256, 4, [width]), (257, 4, [height]), (258, 3, [.. Enumerable.Repeat(bits, count)]), (259, 3, [1]),
            (262, 3, [photometric]), .. tile > 0 ? [] : ((int, int, int[])[])[(273, 4, starts)],
            (277, 3, [count]), .. tile > 0 ? [] : ((int, int, int[])[])[(278, 4, [height]), (279, 4, lengths)],
            (284, 3, [isPlanar ? 2 : 1]),
            .. tile == 0 ? [] : ((int, int, int[])[])[(322, 3, [tile]), (323, 3, [tile]), (324, 4, starts),
                (325, 4, lengths)],
            (338, 3, [.. Enumerable.Repeat(alpha, Math.Max(1, count - 1))]),
            (339, 3, [.. Enumerable.Repeat(format, count)]),
        ];
        if (count == 1) fields.RemoveAll(field => field.Tag == 338);
        List<byte> directory = [.. Bytes(fields.Count, 2)];
        foreach ((int tag, int type, int[] values) in fields)
        {
            int size = type == 3 ? 2 : 4;
            byte[] bytes = [.. values.SelectMany(value => Bytes(value, size))];
            directory.AddRange([.. Bytes(tag, 2), .. Bytes(type, 2), .. Bytes(values.Length, 4)]);
            if (bytes.Length > 4)
            {
                directory.AddRange(Bytes(data + body.Count, 4));
                body.AddRange(bytes);
            }
            else directory.AddRange([.. bytes, .. new byte[4 - bytes.Length]]);
        }

        if (body.Count % 2 == 1) body.Add(0);
        return [(byte)'I', (byte)'I', 42, 0, .. Bytes(data + body.Count, 4), .. body, .. directory, 0, 0, 0, 0];
    }

    private static byte[] Bytes(int value, int size)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes[..size];
    }
}
