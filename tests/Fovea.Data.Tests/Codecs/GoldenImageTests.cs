using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
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
        Golden golden = GoldenImages.Load();
        foreach (JsonProperty entry in Images(golden))
        {
            string path = Path.Combine(golden.Folder, entry.Name);
            RawImage image = ImageFile.Read(path);
            JsonElement size = entry.Value.GetProperty("size_wh");
            Assert.Equal((size[0].GetInt32(), size[1].GetInt32()), (image.Width, image.Height));
            if (entry.Value.TryGetProperty("mode", out JsonElement mode))
                Assert.Equal(mode.GetString() is "L" or "1" ? 1 : 3, image.Channels);
            ImageInfo info = ImageFile.Identify(path);
            Assert.Equal((image.Width, image.Height, image.Channels), (info.Width, info.Height, info.Channels));
            if (entry.Value.TryGetProperty("rgb_sha256", out JsonElement expected))
                Assert.Equal(expected.GetString(), GoldenImages.Sha256(image));
        }
    }

    [Fact]
    public void Every_jpeg_has_the_pixels_of_its_decoded_png()
    {
        Golden golden = GoldenImages.Load();
        string[] names = [.. Images(golden).Select(image => image.Name)
            .Where(name => Path.GetExtension(name).ToUpperInvariant() is ".JPG" or ".JPEG")
            .Where(name => File.Exists(Path.Combine(golden.Folder, Decoded(name))))];
        Assert.SkipWhen(names.Length == 0, "The fixture has no JPEG with its pixels.");
        foreach (string name in names)
        {
            byte[] expected = GoldenImages.Interleaved(GoldenImages.Read(golden, Decoded(name))),
                actual = GoldenImages.Interleaved(GoldenImages.Read(golden, name));
            Assert.Equal(expected.Length, actual.Length);
            int[] differences = [.. expected.Zip(actual, (a, b) => Math.Abs(a - b))];
            Assert.InRange(differences.Max(), 0, Tolerance);
            Assert.InRange(differences.Average(), 0, 0.5);
        }
    }

    private static string Decoded(string jpeg) => Path.ChangeExtension(jpeg, ".decoded.png");

    private static JsonElement.ObjectEnumerator Images(Golden golden) =>
        golden.Case.GetProperty("images").EnumerateObject();
}
