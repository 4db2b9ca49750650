using System.Buffers.Binary;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Codecs.Writing;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Codecs.Skia;

public sealed class PngReaderTests
{
    public static TheoryData<int, int, bool> Kinds
    {
        get
        {
            TheoryData<int, int, bool> kinds = [];
            foreach ((int colorType, int[] depths) in ((int, int[])[])
                [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])])
            {
                foreach (int depth in depths)
                {
                    kinds.Add(colorType, depth, false);
                    kinds.Add(colorType, depth, true);
                }
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_pixel_is_read_in_every_small_size(int colorType, int depth, bool interlaced)
    {
        Random random = new(colorType * 100 + depth);
        byte[] palette = new byte[3 * Math.Min(256, 1 << depth)];
        random.NextBytes(palette);
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (2, 1), (1, 3), (3, 2), (4, 4), (5, 5), (7, 9),
            (8, 8), (9, 17), (33, 20)])
        {
            int[] samples = [.. Enumerable.Range(0, width * height * PngBuilder.Samples(colorType))
                .Select(_ => random.Next(1 << depth))];
            byte[] file = PngBuilder.Build(width, height, colorType, depth, interlaced, samples,
                ("tEXt", [1, 2, 3]), ("PLTE", palette), ("tRNS", colorType == 0 ? [0, 1] : [0]));
            RawImage image = ImageFile.Read(file);
            Assert.Equal(new ImageInfo(ImageFormat.Png, width, height, colorType is 0 or 4 ? 1 : 3),
                ImageFile.Identify(file));
            Assert.Equal((colorType is 0 or 4 ? 1 : 3, height, width), (image.Channels, image.Height, image.Width));
            for (int i = 0; i < width * height; i++)
                for (int channel = 0; channel < image.Channels; channel++)
                    Assert.Equal(Expected(samples, palette, colorType, depth, i, channel), image.Plane(channel)[i]);
        }
    }

    [Fact]
    public void What_the_writer_writes_is_read_back()
    {
        Gen<(int Width, int Height, PngColor Color, int Seed)> images =
            from width in Gen.Choose(1, 60)
            from height in Gen.Choose(1, 40)
            from color in Gen.Elements(PngColor.Grey, PngColor.Rgb, PngColor.Rgba)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            select (width, height, color, seed);

        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(images), image =>
        {
            int samples = image.Color switch { PngColor.Grey => 1, PngColor.Rgb => 3, _ => 4 };
            byte[] pixels = new byte[image.Width * image.Height * samples];
            new Random(image.Seed).NextBytes(pixels);
            RawImage read = ImageFile.Read(PngWriter.Encode(pixels, image.Width, image.Height, image.Color));
            return (read.Width, read.Height, read.Channels) == (image.Width, image.Height, Math.Min(samples, 3))
                && Enumerable.Range(0, read.Pixels.Length).All(i =>
                    read.Pixels[i] == pixels[i % (image.Width * image.Height) * samples
                        + i / (image.Width * image.Height)]);
        }));
    }

    [Fact]
    public void An_exif_chunk_turns_the_image()
    {
        byte[] exif = [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
        byte[] file = PngBuilder.Build(2, 1, 0, 8, false, [10, 20], ("eXIf", exif));
        Assert.Equal(new ImageInfo(ImageFormat.Png, 1, 2, 1), ImageFile.Identify(file));
        Assert.Equal([10, 20], ImageFile.Read(file).Pixels.ToArray());
        Assert.Equal(2, ImageFile.Read(file).Height);
        Assert.Equal(2, ImageFile.Read(file, options: new() { ApplyOrientation = false }).Width);
    }

    [Fact]
    public void A_file_that_lacks_only_its_end_is_read()
    {
        byte[] grey = PngBuilder.Build(2, 1, 0, 8, false, [10, 20]),
            palette = PngBuilder.Build(2, 1, 3, 8, false, [0, 200], ("PLTE", [9, 8, 7]));
        Assert.Equal([10, 20], ImageFile.Read(grey.AsMemory(0, grey.Length - 12)).Pixels.ToArray());
        Assert.Equal([9, 200, 8, 200, 7, 200],
            ImageFile.Read(palette.AsMemory(0, palette.Length - 12)).Pixels.ToArray());
        Assert.Contains("is cut off",
            Assert.Throws<DataException>(() => ImageFile.Read(grey.AsMemory(0, grey.Length - 4))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Colours_that_the_palette_lacks_are_greys_as_in_pillow() =>
        Assert.Equal([9, 200, 8, 200, 7, 200],
            ImageFile.Read(PngBuilder.Build(2, 1, 3, 8, false, [0, 200], ("PLTE", [9, 8, 7]))).Pixels.ToArray());

    [Theory]
    [InlineData(0, 1, "has a size of 0 x 1 pixels.")]
    [InlineData(-1, 1, "has a size of 4294967295 x 1 pixels.")]
    [InlineData(100_000, 100_000,
        "has 100000 x 100000 pixels, more than the limit of 178956970; make it smaller.")]
    [InlineData(2, 2, "is cut off or damaged: its pixels end too early.")]
    public void Sizes_that_cannot_be_are_refused(int width, int height, string message) =>
        AssertError(message, PngBuilder.File(PngBuilder.Header(width, height, 8, 0, false),
            PngBuilder.Zip([0, 1, 2, 0, 1])));

    [Theory]
    [InlineData(3, 0, "has colour type 0 with 3 bits, which PNG does not have.")]
    [InlineData(4, 2, "has colour type 2 with 4 bits, which PNG does not have.")]
    [InlineData(16, 3, "has colour type 3 with 16 bits, which PNG does not have.")]
    [InlineData(8, 1, "has colour type 1 with 8 bits, which PNG does not have.")]
    [InlineData(8, 3, "has no palette (PLTE), which its colour type 3 needs.")]
    public void Kinds_that_do_not_exist_are_refused(int depth, int colorType, string message) =>
        AssertError(message, PngBuilder.File(PngBuilder.Header(1, 1, depth, colorType, false), PngBuilder.Zip([0, 1])));

    [Fact]
    public void Damage_is_named()
    {
        byte[] file = PngBuilder.Build(3, 2, 0, 8, false, [1, 2, 3, 4, 5, 6]);
        byte[] damaged = (byte[])file.Clone();
        damaged[60] ^= 1;
        AssertError("is damaged: the checksum of chunk IDAT at offset 58 is wrong.", damaged);
        AssertError("is cut off: chunk IDAT takes ", file[..^13], isWhole: false);
        AssertError("is cut off: a chunk's frame takes 12 bytes", file[..^1], isWhole: false);

        byte[] large = PngBuilder.File(PngBuilder.Header(9000, 9000, 8, 0, false), PngBuilder.Zip([0, 1]));
        AssertError("is cut off or its header is wrong: ", large, isWhole: false);
        byte[] header = PngBuilder.Header(1, 1, 8, 0, false);
        AssertError("is damaged: its pixels cannot be decoded.", PngBuilder.File(header, PngBuilder.Zip([5, 1])));
        AssertError("is cut off or damaged: its pixels end too early.",
            PngBuilder.File(header, [0x78, 0x9C, 0xFF, 0xFF, 0xFF]));
        AssertError("has a chunk ABCD at offset 41, which is critical but not part of PNG here.",
            PngBuilder.File(header, PngBuilder.Zip([0, 1]), ("ABCD", [])));
        byte[] sum = PngBuilder.Zip([0, 1]);
        sum[^1] ^= 1;
        AssertError("is cut off or damaged: its pixels end too early.", PngBuilder.File(header, sum), isWhole: false);
    }

    [Fact]
    public void Bombs_do_not_go_off()
    {
        // A comment that unpacks to a gigabyte, and pixels that unpack to far more than the image needs.
        byte[] zeros = PngBuilder.Zip(new byte[8 << 20]);
        byte[] header = PngBuilder.Header(2, 1, 8, 0, false);
        byte[] file = PngBuilder.File(header, zeros, ("zTXt", [.. "a\0\0"u8, .. zeros]),
            ("iCCP", [.. "a\0\0"u8, .. zeros]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal([0, 0], ImageFile.Read(file).Pixels.ToArray());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 17);

        byte[] huge = (byte[])file.Clone();
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(16), 99_999);
        BinaryPrimitives.WriteInt32BigEndian(huge.AsSpan(20), 1_000);
        PngBuilder.FixChecksums(huge);
        before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<DataException>(() => ImageFile.Read(huge));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 17);
    }

    private static int Expected(int[] samples, byte[] palette, int colorType, int depth, int pixel, int channel)
    {
        int value = samples[pixel * PngBuilder.Samples(colorType) + (colorType == 3 ? 0 : channel)];
        return colorType == 3 ? palette[3 * value + channel] : depth == 16 ? value / 256
            : value * 255 / ((1 << depth) - 1);
    }

    private static void AssertError(string message, byte[] file, bool isWhole = true)
    {
        string found = Assert.Throws<DataException>(() => ImageFile.Read(file, "x.png")).Message;
        if (isWhole) Assert.Equal("x.png: " + message, found);
        else Assert.StartsWith("x.png: " + message, found, StringComparison.Ordinal);
    }
}
