using Fovea.Data.Codecs.Writing;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Codecs.Writing;

public sealed class PngWriterTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        Gen<(int Width, int Height, PngColor Color, int Seed)> images =
            from width in Gen.Choose(1, 40)
            from height in Gen.Choose(1, 40)
            from color in Gen.Elements(PngColor.Grey, PngColor.Rgb, PngColor.Rgba)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            select (width, height, color, seed);

        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(images), image =>
        {
            byte[] pixels = Pixels(image.Width, image.Height, image.Color, image.Seed);
            TinyPng read = TinyPng.Read(PngWriter.Encode(pixels, image.Width, image.Height, image.Color));
            return read.Width == image.Width && read.Height == image.Height
                && read.ColorType == (int)image.Color && read.Pixels.AsSpan().SequenceEqual(pixels);
        }));
    }

    [Fact]
    public void A_horizontal_ramp_is_stored_as_differences_from_the_left()
    {
        byte[] pixels = [.. Enumerable.Range(0, 256).Select(x => (byte)x)];
        Assert.Equal([1], TinyPng.Read(PngWriter.Encode(pixels, 256, 1, PngColor.Grey)).Filters);
    }

    [Fact]
    public void A_repeated_row_is_stored_as_differences_from_above()
    {
        byte[] row = Pixels(64, 1, PngColor.Rgb, seed: 7);
        Assert.Equal(2, TinyPng.Read(PngWriter.Encode([.. row, .. row], 64, 2, PngColor.Rgb)).Filters[1]);
    }

    [Fact]
    public void A_wrong_number_of_bytes_is_refused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            PngWriter.Encode(new byte[5], 2, 1, PngColor.Rgb));
        Assert.StartsWith("A 2x1 Rgb image has 6 bytes, not 5.", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Noise for even seeds and smooth waves for odd ones, so that every filter wins somewhere.</summary>
    private static byte[] Pixels(int width, int height, PngColor color, int seed)
    {
        int channels = color switch { PngColor.Grey => 1, PngColor.Rgb => 3, _ => 4 };
        byte[] pixels = new byte[width * height * channels];
        new Random(seed).NextBytes(pixels);
        if (seed % 2 == 0) return pixels;
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(128 + 100 * Math.Sin(i / channels % width * 0.2) * Math.Cos(i / channels / width * 0.1)
                + pixels[i] % 4);
        }

        return pixels;
    }
}
