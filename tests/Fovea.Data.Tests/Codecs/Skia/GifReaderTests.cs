using Fovea.Data.Codecs;

namespace Fovea.Data.Tests.Codecs.Skia;

public sealed class GifReaderTests
{
    /// <summary>Rows of 0 to 7 in codes of four bits.</summary>
    private static readonly byte[] Pixels =
        Convert.FromHexString("032c08213854680718324865781028435876082138546807183248657810"
            + "28435876082138546807183248657809003b");

    private static readonly byte[] Four = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120];

    /// <summary>Four colours for pixels that name eight; Pillow 9.4 gives the others the grey of their
    /// number.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Colours_that_the_palette_lacks_are_greys_as_in_pillow(bool isOwn)
    {
        byte[] descriptor = [0x2C, 0, 0, 0, 0, 8, 0, 8, 0];
        byte[] screen = [.. "GIF89a"u8, 8, 0, 8, 0];
        byte[] file = isOwn ? [.. screen, 0, 0, 0, .. descriptor, 0x81, .. Four, .. Pixels]
            : [.. screen, 0x81, 0, 0, .. Four, .. descriptor, 0, .. Pixels];
        RawImage image = ImageFile.Read(file);
        for (int channel = 0; channel < 3; channel++)
            Assert.Equal([.. Four.Where((_, i) => i % 3 == channel), 4, 5, 6, 7], image.Plane(channel)[..8].ToArray());
    }
}
