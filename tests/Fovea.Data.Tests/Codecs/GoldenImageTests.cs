using System.Security.Cryptography;
using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Tests.Codecs.Writing;
using Fovea.Data.Tests.Support;

namespace Fovea.Data.Tests.Codecs;

/// <summary>Images of the fixture <c>transforms</c>, decoded here and by Pillow with libjpeg-turbo.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenImageTests
{
    /// <summary>The fixture allows 1 to 2 levels for another decoder than libjpeg.</summary>
    private const int Tolerance = 2;

    [Fact]
    public void Every_image_has_its_size_and_every_png_its_pixels()
    {
        foreach (JsonProperty entry in Images())
        {
            string path = SharedFiles.Golden("transforms", entry.Name);
            RawImage image = ImageFile.Read(path);
            JsonElement size = entry.Value.GetProperty("size_wh");
            Assert.Equal((size[0].GetInt32(), size[1].GetInt32(), 3), (image.Width, image.Height, image.Channels));
            ImageInfo info = ImageFile.Identify(path);
            Assert.Equal((image.Width, image.Height, image.Channels), (info.Width, info.Height, info.Channels));
            if (!entry.Value.TryGetProperty("rgb_sha256", out JsonElement expected)) continue;
            byte[] rgb = new byte[image.Pixels.Length];
            for (int i = 0; i < rgb.Length; i++) rgb[i] = image.Plane(i % 3)[i / 3];
            Assert.Equal(expected.GetString(), Convert.ToHexStringLower(SHA256.HashData(rgb)));
        }
    }

    [Fact]
    public void Every_jpeg_has_the_pixels_of_its_decoded_png()
    {
        string[] names = [.. Images().Where(image => image.Value.TryGetProperty("jpeg_sampling", out _))
            .Select(image => image.Name)];
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            RawImage image = ImageFile.Read(SharedFiles.Golden("transforms", name));
            RawImage expected = ImageFile.Read(
                SharedFiles.Golden("transforms", Path.ChangeExtension(name, ".decoded.png")));
            (int largest, double mean) = JpegWriterTests.Difference(expected, image);
            Assert.InRange(largest, 0, Tolerance);
            Assert.InRange(mean, 0, 0.5);
        }
    }

    private static JsonElement.ObjectEnumerator Images()
    {
        JsonElement fixture = JsonElement.Parse(File.ReadAllText(SharedFiles.Golden("transforms", "case.json")));
        return fixture.GetProperty("images").EnumerateObject();
    }
}
