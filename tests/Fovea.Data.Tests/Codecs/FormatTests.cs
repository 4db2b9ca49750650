using System.Security.Cryptography;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Tests.Codecs;

/// <summary>WebP, GIF, icons and TIFF.</summary>
public sealed class FormatTests
{
    public static TheoryData<string> Samples => [.. FormatSamples.All.Keys];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_kind_has_the_pixels_of_pillow(string name)
    {
        byte[] file = FormatSamples.Bytes(name);
        RawImage image = ImageFile.Read(file);
        ImageInfo info = ImageFile.Identify(file);
        Assert.Equal((image.Width, image.Height, image.Channels), (info.Width, info.Height, info.Channels));
        Assert.Equal(FormatSamples.All[name].Sha256, Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }

    [Theory]
    [InlineData("webp, lossy")]
    [InlineData("webp, lossless")]
    [InlineData("gif")]
    [InlineData("gif, interlaced")]
    [InlineData("icon, bmp")]
    [InlineData("tiff")]
    [InlineData("tiff, LZW")]
    public void Files_without_their_last_third_are_refused(string name)
    {
        byte[] file = FormatSamples.Bytes(name);
        for (int length = 0; length < 2 * file.Length / 3; length++)
        {
            DataException error =
                Assert.Throws<DataException>(() => ImageFile.Read(file.AsMemory(0, length), "x"));
            Assert.StartsWith("x: ", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Orientation_of_tiff_can_be_left_alone()
    {
        byte[] file = FormatSamples.Bytes("tiff, turned");
        RawImage stored = ImageFile.Read(file, options: new() { ApplyOrientation = false });
        Assert.Equal((19, 14), (stored.Width, stored.Height));
        Assert.Equal(ImageFile.Read(FormatSamples.Bytes("tiff")).Pixels.ToArray(), stored.Pixels.ToArray());
    }
}
