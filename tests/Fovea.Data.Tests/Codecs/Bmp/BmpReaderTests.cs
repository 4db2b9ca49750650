
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Tests.Codecs.Bmp;

public sealed class BmpReaderTests
{
    private static readonly byte[] Three = BmpBuilder.Palette((1, 2, 3), (10, 20, 30), (100, 150, 200));

    [Fact]
    public void Indices_of_1_bit() => AssertPixels("1 0 1 0 0 0 0 0 1 1 / 0 0 0 0 0 0 0 0 0 1",
        BmpBuilder.Info(10, 2, 1, 0, Three, [0b0000_0000, 0b0100_0000, 0, 0, 0b1010_0000, 0b1100_0000, 0, 0]));

    [Fact]
    public void Indices_of_4_bits() =>
        AssertPixels("2 1 0 / 0 1 2", BmpBuilder.Info(3, 2, 4, 0, Three, [0x01, 0x20, 0, 0, 0x21, 0x00, 0, 0]));

    [Fact]
    public void Indices_of_8_bits_from_the_top() =>
        AssertPixels("0 1 2 / 2 1 0", BmpBuilder.Info(3, -2, 8, 0, Three, [0, 1, 2, 9, 2, 1, 0, 9], colours: 3));

    [Fact]
    public void The_header_of_os2_has_colours_of_three_bytes() =>
        AssertPixels("1 0", BmpBuilder.Core(2, 1, 8, [3, 2, 1, 30, 20, 10], [1, 0, 0, 0]));

    [Fact]
    public void The_second_header_of_os2_may_be_short() =>
        AssertPixels("1 0", BmpBuilder.Info(2, 1, 8, 0, Three, [1, 0, 0, 0], size: 16));

    [Fact]
    public void Colours_that_the_palette_lacks_are_greys_as_in_pillow()
    {
        byte[] file = BmpBuilder.Info(4, 1, 8, 0, BmpBuilder.Palette((10, 20, 30)), [0, 1, 200, 255], colours: 1);
        Assert.Equal([10, 1, 200, 255, 20, 1, 200, 255, 30, 1, 200, 255], ImageFile.Read(file).Pixels.ToArray());
    }

    [Fact]
    public void Runs_of_8_bits()
    {
        // Three of colour 1; end of row; two different ones and a byte of padding for three; a move; end of image.
        byte[] runs = [3, 1, 0, 0, 0, 3, 2, 1, 2, 99, 0, 2, 1, 1, 1, 2, 0, 1];
        AssertPixels("0 0 0 0 2 / 2 1 2 0 0 / 1 1 1 0 0", BmpBuilder.Info(5, 3, 8, 1, Three, runs));
    }

    [Fact]
    public void Runs_of_4_bits()
    {
        byte[] runs = [5, 0x12, 0, 0, 0, 3, 0x21, 0x20, 2, 0x10, 0, 1];
        AssertPixels("2 1 2 1 0 / 1 2 1 2 1", BmpBuilder.Info(5, 2, 4, 2, Three, runs));
    }

    [Fact]
    public void Runs_over_the_end_of_a_row_are_cut() =>
        AssertPixels("1 1", BmpBuilder.Info(2, 1, 8, 1, Three, [9, 1, 9, 2, 0, 0]));

    [Fact]
    public void Colours_of_24_bits_are_padded_to_words() =>
        Assert.Equal([3, 30, 2, 20, 1, 10], Pixels(BmpBuilder.Info(2, 1, 24, 0, [], [1, 2, 3, 10, 20, 30, 0, 0])));

    [Fact]
    public void Colours_of_32_bits_drop_the_fourth_byte() =>
        Assert.Equal([3, 30, 2, 20, 1, 10], Pixels(BmpBuilder.Info(2, 1, 32, 0, [], [1, 2, 3, 99, 10, 20, 30, 99])));

    [Fact]
    public void Colours_of_16_bits_are_555_without_masks() =>
        Assert.Equal([255, 0, 0, 131, 0, 255], Pixels(BmpBuilder.Info(2, 1, 16, 0, [], [0x00, 0x7C, 0x1F, 0x02])));

    [Theory]
    [InlineData(40, 3)]
    [InlineData(40, 6)]
    [InlineData(56, 3)]
    [InlineData(108, 3)]
    [InlineData(124, 3)]
    public void Masks_say_where_the_colours_are(int size, int compression)
    {
        byte[] masks = [0x00, 0xF8, 0, 0, 0xE0, 0x07, 0, 0, 0x1F, 0, 0, 0, 0, 0, 0, 0, .. new byte[size - 40]];
        byte[] file = BmpBuilder.Info(2, 1, 16, compression, masks, [0x00, 0xF8, 0xE0, 0x07], size: 40);
        file[14] = (byte)size;   // the masks stand at the same place, in the header or behind it
        Assert.Equal([255, 0, 0, 255, 0, 0], Pixels(file));
    }

    [Fact]
    public void Masks_of_10_bits_and_empty_ones_are_scaled()
    {
        byte[] masks = [0x00, 0x00, 0xF0, 0x3F, 0x00, 0xFC, 0x0F, 0x00, 0, 0, 0, 0];
        Assert.Equal([255, 127, 0], Pixels(BmpBuilder.Info(1, 1, 32, 3, masks, [0, 0xFC, 0xF7, 0x3F])));
    }

    [Theory]
    [InlineData(0, 1, 8, 0, "has a size of 0 x 1 pixels.")]
    [InlineData(1, int.MinValue, 8, 0, "has a size of 1 x 0 pixels.")]
    [InlineData(1, 1, 2, 0, "has 2 bits per pixel; 1, 4, 8, 16, 24 and 32 exist.")]
    [InlineData(1, 1, 8, 4, "has compression 4 with 8 bits per pixel, which cannot be read.")]
    [InlineData(1, 1, 8, 2, "has compression 2 with 8 bits per pixel, which cannot be read.")]
    [InlineData(65536, 65536, 24, 0,
        "has 65536 x 65536 pixels, more than the limit of 178956970; make it smaller.")]
    [InlineData(9000, 9000, 8, 1, "is cut off: 4 bytes of runs cannot give 9000 x 9000 pixels.")]
    [InlineData(9000, 9000, 24, 0,
        "is cut off: the image takes 243000000 bytes at offset 66, but the file has 4 more.")]
    [InlineData(5, 1, 8, 1, "is cut off: a run takes 2 bytes at offset 70, but the file has 0 more.")]
    public void Files_that_cannot_be_are_refused(int width, int height, int depth, int compression, string message)
    {
        byte[] file = BmpBuilder.Info(width, height, depth, compression, Three, [1, 0, 1, 0]);
        Assert.Equal("x.bmp: " + message, Assert.Throws<DataException>(() => ImageFile.Read(file, "x.bmp")).Message);
    }

    private static void AssertPixels(string indices, byte[] file)
    {
        (byte, byte, byte)[] colours = [(1, 2, 3), (10, 20, 30), (100, 150, 200)];
        (byte Red, byte Green, byte Blue)[] expected =
            [.. indices.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => word != "/")
                .Select(word => colours[word[0] - '0'])];
        RawImage image = ImageFile.Read(file);
        Assert.Equal(new ImageInfo(ImageFormat.Bmp, image.Width, image.Height, 3), ImageFile.Identify(file));
        Assert.Equal(indices.Count(letter => letter == '/') + 1, image.Height);
        Assert.Equal(expected.Select(colour => colour.Red), image.Plane(0).ToArray());
        Assert.Equal(expected.Select(colour => colour.Green), image.Plane(1).ToArray());
        Assert.Equal(expected.Select(colour => colour.Blue), image.Plane(2).ToArray());
    }

    private static byte[] Pixels(byte[] file) => ImageFile.Read(file).Pixels.ToArray();
}
