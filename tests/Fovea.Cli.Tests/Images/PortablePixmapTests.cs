using System.Text;
using Fovea.Cli.Images;
using Fovea.Data;

namespace Fovea.Cli.Tests.Images;

public sealed class PortablePixmapTests
{
    [Fact]
    public void Colours_become_planes()
    {
        RawImage image = new();
        PortablePixmap.Read([.. "P6\n# a comment\n2 1 255\n"u8, 1, 2, 3, 4, 5, 6], "x", image);
        Assert.Equal((3, 1, 2), (image.Channels, image.Height, image.Width));
        Assert.Equal([1, 4, 2, 5, 3, 6], image.Pixels.ToArray());
    }

    [Theory]
    [InlineData("", "x: not a binary PPM or PGM picture (P6 or P5).")]
    [InlineData("P3 1 1 255 1 1 1", "x: not a binary PPM or PGM picture (P6 or P5).")]
    [InlineData("P5 0 1 255 ", "x: the width must be from 1 to 16384, not '0'.")]
    [InlineData("P5 1 99999999999 255 ", "x: the height must be from 1 to 16384, not '99999999999'.")]
    [InlineData("P5 1 1 65535 ab", "x: samples must be 8 bits (a largest value of 255).")]
    [InlineData("P5 2 2 255 abc", "x: is cut short.")]
    [InlineData("P6 16384 16384 255 abc", "x: is cut short.")]
    public void Wrong_files_are_refused(string file, string message) =>
        Assert.Equal(message, Assert.Throws<DataException>(() => PortablePixmap.Read(Encoding.ASCII.GetBytes(file), "x", new RawImage())).Message);
}
