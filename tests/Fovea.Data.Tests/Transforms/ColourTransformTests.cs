using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Transforms;

public sealed class ColourTransformTests
{
    private static Arbitrary<(int Height, int Width, int Seed)> Cases { get; } =
        (from height in Gen.Choose(1, 40)
         from width in Gen.Choose(1, 40)
         from seed in Gen.Choose(0, 1 << 30)
         select (height, width, seed)).ToArbitrary();

    [Fact]   // Pillow 9.4: convert("L")
    public void Grey_is_that_of_pillow()
    {
        RawImage image = Pattern.Small();
        new Grayscale().Apply(image, default, new());
        Assert.Equal(string.Concat(Enumerable.Repeat("63a954b534a33e4b8f9c7b5c4b747fa5b0585288", 3)),
            Pattern.Hex(image));
    }

    [Theory]   // Pillow 9.4: resize((3, 3)), and of the large image to 13 x 20 and 100 x 70 pixels
    [InlineData(Interpolation.Nearest, "2882237000b9bfdb3e8a413076546a9710b2343976b5e154a86f6e", "7778b547f20d0989",
        "3a6761bf7ff7cdba")]
    [InlineData(Interpolation.Box, "3b82744f4295c3db26b1416d7f3485ae10866e39a070d8735a6fa7", "712fbc15543cad16",
        "3a6761bf7ff7cdba")]
    [InlineData(Interpolation.Lanczos, "3c82624e2cabac8c52aa73787b4a8a9d49763f81ae74ac6f868080", "8ec8ba97214d79fd",
        "b7a76a439f62bf62")]
    [InlineData(Interpolation.Bicubic, "3d7d675138a3aa8c51a970777f4d869a497c4a7fa672ab72828182", "22b1d4bf7af6ce95",
        "f58d9b59c0317903")]
    public void Every_interpolation_is_that_of_pillow(Interpolation interpolation, string small, string shrunk,
        string enlarged)
    {
        Assert.Equal(small, Pattern.Hex(Resized(Pattern.Small(), 3, 3)));
        Assert.Equal(shrunk, Pattern.Digest(Resized(Pattern.Large(), 20, 13)));
        Assert.Equal(enlarged, Pattern.Digest(Resized(Pattern.Large(), 70, 100)));

        RawImage Resized(RawImage image, int height, int width)
        {
            new Resize(height, width, interpolation).Apply(image, default, new());
            return image;
        }
    }

    [Fact]
    public void Blending_with_vectors_is_blending_one_by_one() => Prop.ForAll(Cases, size =>
    {
        byte[] a = Noise(size, 1).Pixels.ToArray(), b = Noise(size, 2).Pixels.ToArray();
        float factor = Philox.For((ulong)size.Seed, "factor").Uniform(0, 0, 3);
        byte[] expected = [.. a.Zip(b, (x, y) => Blend.Of(x, y, factor))];
        Blend.Into(b, a, factor);
        return expected.SequenceEqual(b);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_jitter_of_0_changes_nothing_and_any_other_keeps_the_size() => Prop.ForAll(Cases, size =>
    {
        RawImage same = Noise(size, 1), changed = Noise(size, 1);
        new ColorJitter().Apply(same, Philox.For((ulong)size.Seed, "test"), new());
        ColorJitter jitter = new() { Brightness = 0.4, Contrast = 0.4, Saturation = 0.4, Hue = 0.5 };
        jitter.Apply(changed, Philox.For((ulong)size.Seed, "test"), new());
        return same.Pixels.SequenceEqual(Noise(size, 1).Pixels)
            && (changed.Height, changed.Width) == (size.Height, size.Width);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Factors_of_a_jitter_fill_their_range()
    {
        List<double> levels = [];
        for (ulong i = 0; i < 500; i++)
        {
            RawImage image = new(1, 1, 1);
            image.Pixels[0] = 100;
            new ColorJitter { Brightness = 0.4 }.Apply(image, Philox.For(2, "test", i), new());
            levels.Add(image.Pixels[0]);
        }

        Assert.InRange(levels.Min(), 60, 62);
        Assert.InRange(levels.Max(), 137, 140);
        Assert.Equal(99.5, levels.Average(), 5 * 80 / Math.Sqrt(12 * 500));   // truncation takes half a level
    }

    [Fact]
    public void The_parts_of_a_jitter_come_in_any_order()
    {
        HashSet<string> orders = [];
        for (ulong i = 0; i < 400; i++)
        {
            int[] order = [0, 1, 2, 3];
            ColorJitter.Shuffle(order, Philox.For(2, "test", i));
            orders.Add(string.Join(' ', order));
        }

        Assert.Equal(24, orders.Count);
    }

    [Fact]
    public void Two_vertical_flips_change_nothing() => Prop.ForAll(Cases, size =>
    {
        RawImage image = Noise(size, 1);
        RandomVerticalFlip flip = new(1);
        ImageScratch scratch = new();
        flip.Apply(image, default, scratch);
        bool turned = image.Pixels[0] == Noise(size, 1).Pixels[(size.Height - 1) * size.Width];
        flip.Apply(image, default, scratch);
        return turned && image.Pixels.SequenceEqual(Noise(size, 1).Pixels);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_blur_leaves_flat_images_and_spreads_a_point_as_its_bell()
    {
        RawImage flat = new(3, 9, 7), point = new(1, 5, 5);
        flat.Pixels.Fill(200);
        point.Pixels[12] = 255;
        new GaussianBlur(5).Apply(flat, Philox.For(0, "test"), new());
        new GaussianBlur(3) { Sigma = (1, 1) }.Apply(point, default, new());
        Assert.Equal(-1, flat.Pixels.IndexOfAnyExcept((byte)200));

        // Weights e^(-1/2) / (1 + 2 e^(-1/2)) = 0.2741 and 0.4519; times each other and 255.
        Assert.Equal([19, 32, 19, 32, 52, 32, 19, 32, 19],
            new[] { 6, 7, 8, 11, 12, 13, 16, 17, 18 }.Select(i => (int)point.Pixels[i]));
        Assert.Throws<DataException>(() => new GaussianBlur(5).Apply(new RawImage(1, 2, 9), default, new()));
    }

    private static RawImage Noise((int Height, int Width, int Seed) size, ulong salt)
    {
        RawImage image = new(3, size.Height, size.Width);
        Philox draws = Philox.For((ulong)size.Seed, "noise", salt);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)draws.Below((ulong)i, 256);
        return image;
    }
}
