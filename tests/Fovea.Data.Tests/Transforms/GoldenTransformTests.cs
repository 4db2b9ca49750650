using System.Text.Json;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Tests.Transforms;

/// <summary>Every step of the fixture <c>transforms</c>: what torchvision and Pillow made of its images, bit for
/// bit.</summary>
[Trait("Category", "Golden")]
public sealed class GoldenTransformTests
{
    private static Philox NoDraws => default;

    [Fact]
    public void Resize_then_centre_crop_is_that_of_pillow() => ForEach("Resize+CenterCrop", (step, image, expected) =>
    {
        new Resize(Int(step, "resize_shorter_side"), null, Filter(step)).Apply(image, NoDraws, new());
        JsonElement size = step.GetProperty("resized_wh");
        Assert.Equal((size[1].GetInt32(), size[0].GetInt32()), (image.Height, image.Width));
        Assert.Equal(step.GetProperty("resized_rgb_sha256").GetString(), GoldenImages.Sha256(image));
        new CenterCrop(Int(step, "crop")).Apply(image, NoDraws, new());
        AssertSame(expected, image);
    });

    [Fact]
    public void A_resized_crop_is_that_of_pillow() =>
        ForEach("RandomResizedCrop (given box)", (step, image, expected) =>
    {
        ImageScratch scratch = new();
        scratch.Crop(image, new Box(Int(step, "top"), Int(step, "left"), Int(step, "height"), Int(step, "width")));
        scratch.Resize(image, Int(step, "size"), Int(step, "size"), Filter(step));
        AssertSame(expected, image);
    });

    [Fact]
    public void A_resize_to_an_exact_size_is_that_of_pillow() =>
        ForEach("resize to exact size (no aspect ratio kept)", (step, image, expected) =>
        {
            JsonElement size = step.GetProperty("size_wh");
            new Resize(size[1].GetInt32(), size[0].GetInt32(), Filter(step)).Apply(image, NoDraws, new());
            AssertSame(expected, image);
        });

    [Fact]
    public void Pad_and_crop_are_those_of_torchvision() => ForEach("pad 4 (zeros) then crop", (step, image, expected) =>
    {
        ImageScratch scratch = new();
        new Pad(Int(step, "pad")).Apply(image, NoDraws, scratch);
        scratch.Crop(image, new Box(Int(step, "top"), Int(step, "left"), Int(step, "size"), Int(step, "size")));
        AssertSame(expected, image);
    });

    [Fact]
    public void A_flip_is_that_of_torchvision() => ForEach("horizontal flip", (_, image, expected) =>
    {
        new RandomHorizontalFlip(1).Apply(image, NoDraws, new());
        AssertSame(expected, image);
    });

    [Fact]
    public void Normalisation_is_that_of_torchvision()
    {
        Golden golden = GoldenImages.Load();
        JsonElement tolerance = golden.Case.GetProperty("tolerance").GetProperty("tensors");
        JsonElement[] steps = [.. Steps(golden).Where(step => step.TryGetProperty("output_tensor", out _))];
        Assert.SkipWhen(steps.Length == 0, "The fixture normalises no image.");
        foreach (JsonElement step in steps)
        {
            string name = step.GetProperty("output_tensor").GetString()!;
            StoredTensor expected = golden[name];
            RawImage image = GoldenImages.Read(golden, step.GetProperty("input").GetString()!, expected.Shape[0]);
            Assert.Equal(expected.Shape, (int[])[image.Channels, image.Height, image.Width]);
            float[] actual = new float[expected.Floats.Length];
            int area = image.Height * image.Width;
            for (int channel = 0; channel < image.Channels; channel++)
                PixelNormalizer.Convert(image.Plane(channel), actual.AsSpan(channel * area, area),
                    At(step, "mean", channel, 0), At(step, "std", channel, 1));
            GoldenAssert.Close(expected.Floats, actual, tolerance.GetProperty("atol").GetDouble(),
                tolerance.GetProperty("rtol").GetDouble(), name);
        }
    }

    /// <summary>A list has one value per channel, or one for all.</summary>
    private static float At(JsonElement step, string name, int channel, float otherwise) =>
        step.TryGetProperty(name, out JsonElement values)
            ? values[Math.Min(channel, values.GetArrayLength() - 1)].GetSingle() : otherwise;

    private static void ForEach(string operation, Action<JsonElement, RawImage, RawImage> check)
    {
        Golden golden = GoldenImages.Load();
        JsonElement[] steps = [.. Steps(golden).Where(step => step.GetProperty("op").GetString() == operation)];
        Assert.SkipWhen(steps.Length == 0, $"The fixture has no step '{operation}'.");
        foreach (JsonElement step in steps)
            check(step, Image(golden, step, "input"), Image(golden, step, "output"));
    }

    private static JsonElement.ArrayEnumerator Steps(Golden golden) =>
        golden.Case.GetProperty("steps").EnumerateArray();

    private static RawImage Image(Golden golden, JsonElement step, string role) =>
        GoldenImages.Read(golden, step.GetProperty(role).GetString()!);

    private static int Int(JsonElement step, string name) => step.GetProperty(name).GetInt32();

    private static Interpolation Filter(JsonElement step) =>
        Enum.Parse<Interpolation>(step.GetProperty("interpolation").GetString()!, ignoreCase: true);

    private static void AssertSame(RawImage expected, RawImage actual)
    {
        Assert.Equal((expected.Height, expected.Width), (actual.Height, actual.Width));
        Assert.True(GoldenImages.Interleaved(expected).AsSpan().SequenceEqual(GoldenImages.Interleaved(actual)),
            "pixels differ");
    }
}
