using System.Text;
using Fovea.Data.Codecs;

namespace Fovea.Data.Tests.Codecs.Pixmap;

public sealed class PortablePixmapTests
{
    [Fact]
    public void Colours_become_planes()
    {
        RawImage image = ImageFile.Read((byte[])[.. "P6\n# a comment\n2 1 255\n"u8, 1, 2, 3, 4, 5, 6]);
        Assert.Equal((3, 1, 2), (image.Channels, image.Height, image.Width));
        Assert.Equal([1, 4, 2, 5, 3, 6], image.Pixels.ToArray());
    }

    [Fact]
    public void Plain_and_binary_files_agree()
    {
        AssertPixels([255, 0, 255, 0, 255, 0], "P1 3 2 0 1\n0 # comment\n101");
        AssertPixels([255, 0, 255, 0, 255, 0], [.. "P4 3 2\n"u8, 0b0101_1111, 0b1010_0000]);
        AssertPixels([0, 17, 255], "P2\n3 1\n15\n0 1 15\n");
        AssertPixels([0, 17, 255, 255], [.. "P5 4 1 15\n"u8, 0, 1, 15, 99]);
        AssertPixels([0, 128, 255], [.. "P5 3 1 65535 "u8, 0, 0, 0x80, 0x80, 0xFF, 0xFF]);
        AssertPixels([255, 0, 0, 255, 128, 128], "P3 2 1 2 2 0 1 0 2 1");
        AssertPixels([7], "P2#1 1\n1 #2\n1#3\n255#4\n7");
    }

    [Fact]
    public void A_newline_may_be_a_pixel() => AssertPixels([10], [.. "P5 1 1 255\n\n"u8]);

    [Theory]
    [InlineData("P5 0 1 255 ", "has a width at offset 3 that is no number from 1 to 2147483647.")]
    [InlineData("P5 1 99999999999 255 ", "has a height at offset 5 that is no number from 1 to 2147483647.")]
    [InlineData("P5 1 1 65536 ab", "has a largest sample at offset 7 that is no number from 1 to 65535.")]
    [InlineData("P5 1 1 255", "has no blank between header and pixels at offset 10.")]
    [InlineData("P5 1", "is cut off: the height is missing at offset 4.")]
    [InlineData("P5 2 2 255 abc", "is cut off: the image takes 4 bytes at offset 11, but the file has 3 more.")]
    [InlineData("P6 9000 9000 255 abc",
        "is cut off: the image takes 243000000 bytes at offset 17, but the file has 3 more.")]
    [InlineData("P3 9000 9000 255 1 1",
        "is cut off: the image takes 485999999 bytes at offset 16, but the file has 4 more.")]
    [InlineData("P2 2 1 9 1 10", "has a sample at offset 11 that is no number from 0 to 9.")]
    [InlineData("P1 2 1 12", "has a pixel at offset 8 that is not 0 or 1.")]
    [InlineData("P1 2 1 # 1", "is cut off: pixels are missing at offset 10.")]
    [InlineData("P7 2 1 1",
        "is no image of a known format; JPEG, PNG, WebP, GIF, BMP, ICO, TIFF, PBM, PGM and PPM can be read.")]
    public void Wrong_files_are_refused(string file, string message) => Assert.Equal(
        "x: " + message, Assert.Throws<DataException>(() =>
            ImageFile.Read(Encoding.ASCII.GetBytes(file), "x")).Message);

    private static void AssertPixels(byte[] expected, string file) =>
        AssertPixels(expected, Encoding.ASCII.GetBytes(file));

    private static void AssertPixels(byte[] expected, byte[] file) =>
        Assert.Equal(expected, ImageFile.Read(file).Pixels.ToArray());
}
