using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Transforms;

public sealed class ImageTransformTests
{
    private static Arbitrary<(int Height, int Width, int Seed)> Cases { get; } =
        (from height in Gen.Choose(1, 70)
         from width in Gen.Choose(1, 70)
         from seed in Gen.Choose(0, 1 << 30)
         select (height, width, seed)).ToArbitrary();

    [Fact]
    public void Two_flips_change_nothing() => Prop.ForAll(Cases, size =>
    {
        RawImage image = Noise(size), original = Noise(size);
        ImageScratch.Flip(image);
        byte corner = image.Pixels[0];
        ImageScratch.Flip(image);
        return corner == original.Pixels[size.Width - 1] && image.Pixels.SequenceEqual(original.Pixels);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_crop_undoes_a_pad() => Prop.ForAll(Cases, size =>
    {
        RawImage image = Noise(size);
        ImageScratch scratch = new();
        new Pad(5).Apply(image, default, scratch);
        bool framed = image.Height == size.Height + 10 && image.Pixels[0] == 0;
        scratch.Crop(image, new Box(5, 5, size.Height, size.Width));
        return framed && image.Pixels.SequenceEqual(Noise(size).Pixels);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_resize_to_the_same_size_changes_nothing_and_a_flat_image_stays_flat() => Prop.ForAll(Cases, size =>
    {
        RawImage same = Noise(size), flat = new(1, size.Height, size.Width);
        flat.Pixels.Fill((byte)size.Seed);
        new Resize(size.Height, size.Width, Interpolation.Bicubic).Apply(same, default, new());
        new Resize(1 + size.Seed % 90, 1 + size.Seed % 37, (Interpolation)(size.Seed % 2)).Apply(flat, default, new());
        return same.Pixels.SequenceEqual(Noise(size).Pixels) && !flat.Pixels.ContainsAnyExcept((byte)size.Seed);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_resize_keeps_the_proportions_rounded_down() => Prop.ForAll(Cases, size =>
    {
        RawImage image = Noise(size);
        new Resize(13).Apply(image, default, new());
        int shorter = Math.Min(size.Height, size.Width), longer = 13 * Math.Max(size.Height, size.Width) / shorter;
        return (image.Height, image.Width) == (size.Height <= size.Width ? (13, longer) : (longer, 13));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_random_resized_crop_stays_inside_and_within_scale_and_ratio() => Prop.ForAll(Cases, size =>
    {
        RandomResizedCrop crop = new(8);
        Box box = crop.Choose(size.Height, size.Width, Philox.For((ulong)size.Seed, "test"));
        return box is { Top: >= 0, Left: >= 0, Height: > 0, Width: > 0 }
            && box.Top + box.Height <= size.Height && box.Left + box.Width <= size.Width;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(100, 10, 43, 0, 13, 10)]     // too high: the full width, ratio 3/4
    [InlineData(10, 100, 0, 43, 10, 13)]     // too wide: the full height, ratio 4/3
    public void An_image_that_no_box_fits_is_cropped_in_the_middle(int height, int width, int top, int left,
        int boxHeight, int boxWidth)
    {
        RandomResizedCrop whole = new(8) { Scale = (1, 1) };   // the whole area in a ratio that it has not
        Assert.Equal(new Box(top, left, boxHeight, boxWidth), whole.Choose(height, width, Philox.For(0, "test")));
    }

    [Fact]
    public void Scales_and_ratios_of_random_boxes_follow_torchvision()
    {
        RandomResizedCrop crop = new(8);
        double areas = 0, logarithms = 0;
        const int Count = 4000;
        for (ulong i = 0; i < Count; i++)
        {
            Box box = crop.Choose(1000, 1000, Philox.For(3, "test", i));
            areas += box.Height * box.Width / 1e6 / Count;
            logarithms += Math.Log((double)box.Width / box.Height) / Count;
        }

        // Area s is uniform in 0.08 .. 1, but boxes with s > t = exp(-|r|) stick out and are drawn again: with r
        // uniform in 0 .. ln 4/3, E[s] = ∫(t² - 0.08²)/2 dr / ∫(t - 0.08) dr = 0.1085 / 0.2270.
        Assert.Equal(0.478, areas, 0.012);
        Assert.Equal(0, logarithms, 0.01);
    }

    [Fact]
    public void A_random_crop_reaches_every_offset_and_is_a_part_of_the_padded_image()
    {
        HashSet<byte> corners = [];
        for (ulong i = 0; i < 400; i++)
        {
            RawImage image = new(1, 4, 4);
            for (int j = 0; j < 16; j++) image.Pixels[j] = (byte)(j + 1);
            new RandomCrop(4, 1).Apply(image, Philox.For(0, "test", i), new());
            Assert.Equal(16, image.Pixels.Length);
            corners.Add((byte)(10 * image.Pixels[5] + image.Pixels[0]));
        }

        Assert.Equal(9, corners.Count);   // 3 x 3 offsets
    }

    [Fact]
    public void A_crop_larger_than_the_image_says_what_to_do()
    {
        DataException e = Assert.Throws<DataException>(() =>
            new RandomCrop(32).Apply(new RawImage(3, 20, 40), default, new()));
        Assert.Contains("20 x 40 pixels is too small for a crop of 32", e.Message);
    }

    [Theory]
    [InlineData(5, 4, 0)]      // (5 - 4) / 2 = 0.5, half to even
    [InlineData(7, 4, 2)]      // 1.5 becomes 2
    [InlineData(3, 4, 0)]      // padded at the end only
    public void A_centre_crop_rounds_as_torchvision_does(int width, int size, int first)
    {
        RawImage image = new(1, 4, width);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(i % width);
        new CenterCrop(size).Apply(image, default, new());
        Assert.Equal(first, image.Pixels[0]);
        Assert.Equal((4, 4), (image.Height, image.Width));
    }

    [Fact]
    public void Grey_is_repeated_and_colour_turns_into_luma()
    {
        RawImage image = new(1, 1, 2);
        ImageScratch scratch = new();
        (image.Pixels[0], image.Pixels[1]) = (10, 200);
        scratch.SetChannels(image, 3);
        Assert.Equal([10, 200, 10, 200, 10, 200], image.Pixels.ToArray());
        scratch.SetChannels(image, 1);
        Assert.Equal([10, 200], image.Pixels.ToArray());
        Assert.Throws<NotSupportedException>(() => scratch.SetChannels(new RawImage(2, 1, 1), 1));
    }

    private static RawImage Noise((int Height, int Width, int Seed) size)
    {
        RawImage image = new(3, size.Height, size.Width);
        Philox draws = Philox.For((ulong)size.Seed, "noise");
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)draws.Below((ulong)i, 256);
        return image;
    }
}
