using Fovea.Data.Images;
using Fovea.Data.Images.Jpeg;

namespace Fovea.Data.Tests.Images.Jpeg;

public sealed class TurboJpegTests
{
    [Fact]
    public void The_library_decodes_the_same_pixels_or_declines()
    {
        Assert.SkipWhen(TurboJpeg.Installed is null, "TurboJPEG (libturbojpeg.so.0) is not installed.");
        int decoded = 0;
        foreach ((string name, (string sha256, _)) in JpegSamples.All)
        {
            ImageSource source = new(name, JpegSamples.Bytes(name), DecodeOptions.Default);
            if (sha256 == "") continue;
            JpegParser parser = new(source);
            parser.NextScan();
            RawImage image = new();
            parser.RequireFrame().SetScale(1);
            if (!TurboJpeg.Installed.TryDecode(source, parser.RequireFrame(), image)) continue;
            RawImage expected = ImageFile.Read(source.File);
            Assert.Equal((expected.Channels, expected.Height, expected.Width), (image.Channels, image.Height, image.Width));
            Assert.InRange(JpegWriterTests.Difference(expected, image).Largest, 0, 2);
            decoded++;
        }

        Assert.InRange(decoded, 5, JpegSamples.All.Count);
    }

    [Fact]
    public void A_file_that_is_cut_off_is_declined()
    {
        Assert.SkipWhen(TurboJpeg.Installed is null, "TurboJPEG (libturbojpeg.so.0) is not installed.");
        ImageSource source = new("x", JpegSamples.Bytes("4:2:0").AsMemory()[..^30], DecodeOptions.Default);
        JpegParser parser = new(source);
        parser.NextScan();
        Assert.False(TurboJpeg.Installed.TryDecode(source, parser.RequireFrame(), new RawImage()));
    }

    [Fact]
    public void The_environment_is_checked()
    {
        Assert.Null(TurboJpeg.Choose(null));
        Assert.Null(TurboJpeg.Choose("managed"));
        Assert.Equal("FOVEA_JPEG=fast: must be managed or turbo.", Assert.Throws<UsageException>(() => TurboJpeg.Choose("fast")).Message);
        if (TurboJpeg.Installed is null) Assert.Throws<UsageException>(() => TurboJpeg.Choose("turbo"));
    }
}
