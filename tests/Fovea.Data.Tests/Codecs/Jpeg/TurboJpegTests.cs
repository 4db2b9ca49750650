using System.IO.Compression;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Jpeg;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Tests.Codecs.Writing;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Codecs.Jpeg;

/// <summary>Whether the library is installed must not show in any result.</summary>
public sealed class TurboJpegTests
{
    private static readonly int[] Scales = [1, 2, 4, 8];

    private static TurboJpeg Library
    {
        get
        {
            Assert.SkipWhen(TurboJpeg.Installed is null, "TurboJPEG (libturbojpeg.so.0) is not installed.");
            return TurboJpeg.Installed;
        }
    }

    [Theory]
    [InlineData("4:4:4", true)]
    [InlineData("4:2:0", true)]
    [InlineData("4:2:2", true)]
    [InlineData("grey", true)]
    [InlineData("restarts", true)]
    [InlineData("4:4:0", false)]
    [InlineData("4:1:1", false)]
    [InlineData("sampling 3 to 1", false)]
    [InlineData("progressive", false)]
    [InlineData("one scan per component", false)]
    [InlineData("RGB", false)]
    [InlineData("CMYK", false)]
    [InlineData("YCCK", false)]
    public void Usual_kinds_are_decoded_to_the_same_pixels_and_others_left(string name, bool isUsual)
    {
        foreach (int scale in Scales) Assert.Equal(isUsual, DecodesTheSame(JpegSamples.Bytes(name), name, scale));
    }

    [Theory]
    [InlineData(1, JpegSampling.Full)]
    [InlineData(3, JpegSampling.Full)]
    [InlineData(3, JpegSampling.Quarter)]
    public void Images_of_any_size_have_the_same_pixels(int channels, JpegSampling sampling)
    {
        _ = Library;
        foreach (int height in (int[])[1, 2, 3, 7, 8, 9, 15, 16, 17, 33])
        {
            foreach (int width in (int[])[1, 2, 3, 5, 8, 16, 17, 31, 34, 65])
            {
                RawImage image = JpegWriterTests.Waves(channels, height, width, height + width);
                byte[] file = JpegWriter.Encode(image, quality: 1 + (7 * height + width) % 100, sampling);
                foreach (int scale in Scales)
                {
                    bool isUsual = scale == 1 || Math.Max(height, width) >= 8;
                    Assert.Equal(isUsual, DecodesTheSame(file, $"{width} x {height}", scale));
                }
            }
        }
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Photographs_have_the_same_pixels()
    {
        _ = Library;
        string[] paths = Directory.GetFiles(SharedFiles.Data("imagenet-sample"), "*.JPEG", SearchOption.AllDirectories);
        int decoded = paths.Sum(path => Scales.Count(scale => DecodesTheSame(File.ReadAllBytes(path), path, scale)));
        Assert.InRange(decoded, 1, Scales.Length * paths.Length);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Cats_and_dogs_have_the_same_pixels()
    {
        _ = Library;
        using ZipArchive archive = ZipFile.OpenRead(SharedFiles.Data("cats-and-dogs", "train.zip"));
        int number = 0, decoded = 0;
        foreach (ZipArchiveEntry entry in archive.Entries.Where(entry =>
            entry.Name.EndsWith(".jpg", StringComparison.Ordinal)))
        {
            using MemoryStream file = new();
            using (Stream stream = entry.Open()) stream.CopyTo(file);
            decoded += DecodesTheSame(file.ToArray(), entry.FullName, Scales[number++ % Scales.Length]) ? 1 : 0;
        }

        Assert.InRange(decoded, 1, number);
    }

    /// <summary>
    /// Data that are damaged so that libjpeg does not notice (a coefficient beyond the last, a code that does not
    /// exist, sums that overflow) are the exception: pixels that mean nothing, in less than one of a hundred damaged
    /// files.
    /// </summary>
    [Fact]
    public void Damaged_files_have_the_same_outcome_with_few_exceptions() => Damage(rounds: 1_000);

    [Fact]
    [Trait("Category", "Slow")]
    public void Very_many_damaged_files_have_the_same_outcome_with_few_exceptions() => Damage(rounds: 20_000);

    [Fact]
    public void A_file_that_is_cut_off_is_declined()
    {
        byte[] file = JpegSamples.Bytes("4:2:0");
        for (int length = file.AsSpan().IndexOf<byte>([0xFF, 0xDA]) + 14; length < file.Length; length++)
            Assert.Null(Decode(file.AsMemory(0, length), "x", 1, Library));
    }

    [Fact]
    public void An_image_that_takes_more_with_the_library_is_declined()
    {
        byte[] file = JpegWriter.Encode(new RawImage(3, 100, 100));
        DecodeOptions options = new() { Limits = new() { Bytes = 69_999 } };
        Assert.False(JpegReader.TryDecode(new("x", file, options), new RawImage(), Library));
        Assert.Equal(100, ImageFile.Read(file, "x", options).Width);
    }

    [Fact]
    public void The_environment_is_checked()
    {
        Assert.Same(TurboJpeg.Installed, TurboJpeg.Choose(null));
        Assert.Same(TurboJpeg.Installed, TurboJpeg.Choose("auto"));
        Assert.Null(TurboJpeg.Choose("managed"));
        Assert.Equal("FOVEA_JPEG=fast: must be auto, managed or turbo.",
            Assert.Throws<UsageException>(() => TurboJpeg.Choose("fast")).Message);
        if (TurboJpeg.Installed is null) Assert.Throws<UsageException>(() => TurboJpeg.Choose("turbo"));
    }

    private static void Damage(int rounds)
    {
        byte[][] files =
        [
            .. JpegSamples.All.Keys.Select(JpegSamples.Bytes), JpegWriter.Encode(JpegWriterTests.Waves(3, 160, 150, 1)),
            JpegWriter.Encode(JpegWriterTests.Waves(1, 140, 170, 2), 100),
            JpegWriter.Encode(JpegWriterTests.Waves(3, 90, 140, 3), 40, JpegSampling.Full),
        ];
        int decoded = 0, differing = 0;
        for (int round = 0; round < rounds; round++)
        {
            Philox draws = Philox.For(12, "turbo", (ulong)round);
            byte[] damaged = ImageFuzzTests.Damage(files[round % files.Length], draws);
            int scale = Scales[draws.Below(2, 4)];
            if (Decode(damaged, "x", scale, Library) is not RawImage image) continue;
            decoded++;
            RawImage? expected = Decode(damaged, "x", scale, library: null);
            if (expected is null || !expected.Pixels.SequenceEqual(image.Pixels)) differing++;
        }

        Assert.InRange(decoded, rounds / 100, rounds);
        Assert.InRange(differing, 0, rounds / 100);
    }

    /// <summary>Whether the library decodes the file; if it does, to the pixels that are decoded here.</summary>
    private static bool DecodesTheSame(byte[] file, string name, int scale)
    {
        if (Decode(file, name, scale, Library) is not RawImage image) return false;
        RawImage expected = Decode(file, name, scale, library: null)!;
        Assert.Equal((expected.Channels, expected.Height, expected.Width), (image.Channels, image.Height, image.Width));
        Assert.True(expected.Pixels.SequenceEqual(image.Pixels), $"{name} differs at 1/{scale}.");
        return true;
    }

    private static RawImage? Decode(ReadOnlyMemory<byte> file, string name, int scale, TurboJpeg? library)
    {
        RawImage image = new();
        try
        {
            return JpegReader.TryDecode(new(name, file, new() { Scale = scale }), image, library) ? image : null;
        }
        catch (DataException)
        {
            return null;
        }
    }
}
