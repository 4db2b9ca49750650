using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Data.Loading;
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Tests.Transforms;

/// <summary>Every step of the fixture <c>transforms</c>: what torchvision and Pillow made of two photographs, bit for
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
        Assert.Equal(step.GetProperty("resized_rgb_sha256").GetString(), Sha256Interleaved(image));
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
        int tried = 0;
        byte[] tensors = File.ReadAllBytes(SharedFiles.Golden("transforms", "io.safetensors"));
        foreach (JsonElement step in Steps().Where(step => step.TryGetProperty("output_tensor", out _)))
        {
            RawImage image = Image(step, "input");
            float[] expected = Tensor(tensors, step.GetProperty("output_tensor").GetString()!),
                actual = new float[expected.Length];
            for (int channel = 0; channel < 3; channel++)
            {
                float At(string name, float otherwise) =>
                    step.TryGetProperty(name, out JsonElement values) ? values[channel].GetSingle() : otherwise;
                int area = image.Height * image.Width;
                PixelNormalizer.Convert(image.Plane(channel), actual.AsSpan(channel * area, area), At("mean", 0),
                    At("std", 1));
            }

            // The fixture's tolerance: 1e-6 absolute and 1e-5 relative.
            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], actual[i], 1e-6f + 1e-5f * Math.Abs(expected[i]));
            tried++;
        }

        Assert.Equal(6, tried);
    }

    private static void ForEach(string operation, Action<JsonElement, RawImage, RawImage> check)
    {
        JsonElement[] steps = [.. Steps().Where(step => step.GetProperty("op").GetString() == operation)];
        Assert.NotEmpty(steps);
        foreach (JsonElement step in steps) check(step, Image(step, "input"), Image(step, "output"));
    }

    private static JsonElement[] Steps()
    {
        JsonElement fixture = JsonElement.Parse(File.ReadAllText(SharedFiles.Golden("transforms", "case.json")));
        return [.. fixture.GetProperty("steps").EnumerateArray()];
    }

    private static RawImage Image(JsonElement step, string role) =>
        ImageFile.Read(SharedFiles.Golden("transforms", step.GetProperty(role).GetString()!));

    private static int Int(JsonElement step, string name) => step.GetProperty(name).GetInt32();

    private static Interpolation Filter(JsonElement step) =>
        Enum.Parse<Interpolation>(step.GetProperty("interpolation").GetString()!, ignoreCase: true);

    private static void AssertSame(RawImage expected, RawImage actual)
    {
        Assert.Equal((expected.Channels, expected.Height, expected.Width),
            (actual.Channels, actual.Height, actual.Width));
        Assert.True(expected.Pixels.SequenceEqual(actual.Pixels), "pixels differ");
    }

    private static string Sha256Interleaved(RawImage image)
    {
        byte[] rgb = new byte[image.Pixels.Length];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = image.Plane(i % 3)[i / 3];
        return Convert.ToHexStringLower(SHA256.HashData(rgb));
    }

    private static float[] Tensor(byte[] safetensors, string name)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(safetensors);
        using JsonDocument header = JsonDocument.Parse(safetensors.AsMemory(8, length));
        JsonElement offsets = header.RootElement.GetProperty(name).GetProperty("data_offsets");
        int start = offsets[0].GetInt32(), end = offsets[1].GetInt32();
        return MemoryMarshal.Cast<byte, float>(safetensors.AsSpan(8 + length + start, end - start)).ToArray();
    }
}
