using System.Buffers.Binary;
using System.Diagnostics;
using Fovea.Data.Codecs;
using Fovea.Data.Tests.Codecs.Skia;

namespace Fovea.Data.Tests.Codecs;

/// <summary>Small files that would keep a reader busy for long, or take memory of another order than their
/// pixels.</summary>
public sealed class TimeBombTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(5);

    [Fact]
    public void Compressed_pixels_beyond_those_of_the_image_are_refused()
    {
        byte[] much = PngBuilder.Zip(new byte[200 << 20]);
        Assert.True(much.Length > 1 << 18);
        Refused("no honest file does", PngBuilder.File(PngBuilder.Header(2, 2, 8, 2, false), much));
    }

    [Theory]
    [InlineData("zTXt", "key\0\0")]
    [InlineData("iTXt", "key\0\u0001\0\0\0")]
    [InlineData("iCCP", "key\0\0")]
    public void What_unpacks_to_much_and_changes_no_pixel_is_passed_over(string type, string start)
    {
        byte[] body = [.. start.Select(letter => (byte)letter), .. PngBuilder.Zip(new byte[7_900_000])];
        (string, byte[])[] bombs = [.. Enumerable.Repeat((type, body), type == "iCCP" ? 1 : 900)];
        int[] samples = [.. Enumerable.Range(0, 12)];
        byte[] file = PngBuilder.Build(2, 2, 2, 8, interlaced: false, samples, bombs);
        Stopwatch watch = Stopwatch.StartNew();
        RawImage image = ImageFile.Read(file);
        Assert.Equal([0, 3, 6, 9], image.Plane(0).ToArray());
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Short);
    }

    [Fact]
    public void Passes_of_an_interlaced_image_count_as_memory()
    {
        // 100 million pixels of 8 bytes; the rows alone would be affordable
        byte[] packed = new byte[100_000_000 / 1032 * 8 + 1000];
        Refused("bytes to decode", PngBuilder.File(PngBuilder.Header(10_000, 10_000, 16, 6, true), packed));
    }

    [Fact]
    public void Fields_of_tiff_that_lie_over_each_other_are_refused() => Refused("fields that lie over each other",
        Tiff(new byte[600_000], [.. Fields(1), .. Enumerable.Repeat((270, 2, 600_000, 8), 20_000)]));

    [Fact]
    public void Parts_of_tiff_that_lie_over_each_other_are_refused()
    {
        const int Parts = 20_000, Pixels = 1_000_000;
        byte[] data = new byte[Pixels + 8 * Parts];
        for (int i = 0; i < Parts; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(Pixels + 4 * i), 8);
            BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(Pixels + 4 * (Parts + i)), Pixels);
        }

        Refused("parts that lie over each other", Tiff(data,
            (256, 4, 1, 100), (257, 4, 1, Parts), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
            (273, 4, Parts, 8 + Pixels), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, Parts, 8 + Pixels + 4 * Parts)));
    }

    [Fact]
    public void Endless_scans_of_jpeg_in_tiff_are_refused()
    {
        byte[] scans = [.. Enumerable.Repeat((byte[])[0xFF, 0xDA, 0, 8], 3000).SelectMany(scan => scan)];
        Refused("3000 scans of JPEG", Tiff(scans, Fields(7)));
    }

    /// <summary>4 x 4 grey pixels at offset 8.</summary>
    private static (int, int, int, int)[] Fields(int compression) =>
        [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1), (273, 4, 1, 8),
            (277, 3, 1, 1), (278, 4, 1, 4), (279, 4, 1, 16)];

    private static byte[] Tiff(byte[] data, params (int Tag, int Type, int Count, int Value)[] fields) =>
    [
        .. "II*\0"u8, .. Make.Little(8 + data.Length), .. data, (byte)fields.Length, (byte)(fields.Length >> 8),
        .. fields.SelectMany(field => (byte[])[(byte)field.Tag, (byte)(field.Tag >> 8), (byte)field.Type, 0,
            .. Make.Little(field.Count), .. Make.Little(field.Value)]),
        0, 0, 0, 0,
    ];

    private static void Refused(string why, byte[] file)
    {
        Stopwatch watch = Stopwatch.StartNew();
        string message = Assert.Throws<DataException>(() => ImageFile.Read(file, "bomb")).Message;
        Assert.StartsWith("bomb: ", message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, Short);
    }
}
