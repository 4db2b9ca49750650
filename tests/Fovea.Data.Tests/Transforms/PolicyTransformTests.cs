
using Fovea.Data.Tests.Support;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Tests.Transforms;

public sealed class PolicyTransformTests
{
    [Theory]
    [InlineData("auto-augment")]
    [InlineData("auto-augment:policy=cifar10")]
    [InlineData("auto-augment:policy=svhn:fill=128")]
    [InlineData("rand-augment")]
    [InlineData("rand-augment:magnitude=30")]
    [InlineData("rand-m9-mstd0.5-inc1")]
    [InlineData("trivial-augment")]
    public void A_policy_is_a_function_of_its_draws_and_keeps_the_size(string text)
    {
        TransformPipeline pipeline = TransformPipeline.Parse(text);
        HashSet<string> results = [];
        for (ulong i = 0; i < 60; i++)
        {
            RawImage image = Pattern.Large(), again = Pattern.Large();
            pipeline.Apply(image, Philox.For(1, "test", i), new());
            pipeline.Apply(again, Philox.For(1, "test", i), new());
            Assert.Equal((3, 61, 47), (image.Channels, image.Height, image.Width));
            Assert.Equal(Pattern.Digest(image), Pattern.Digest(again));
            results.Add(Pattern.Digest(image));
        }

        Assert.InRange(results.Count, 20, 60);
    }

    [Fact]
    public void Every_operation_comes_and_the_identity_as_often_as_any()
    {
        HashSet<string> results = [];
        int same = 0;
        string original = Pattern.Digest(Pattern.Large());
        for (ulong i = 0; i < 1400; i++)
        {
            RawImage image = Pattern.Large();
            new RandAugment { Ops = 1 }.Apply(image, Philox.For(1, "test", i), new());
            string result = Pattern.Digest(image);
            results.Add(result);
            if (result == original) same++;
        }

        Assert.Equal(14 + 9, results.Count);        // nine of the fourteen have two signs
        Assert.Equal(100, same, 5 * 9.6);           // identity: 1400 / 14, deviation 9.6
    }

    [Fact]
    public void The_form_of_timm_is_read()
    {
        Assert.Equal(new RandAugment { Bins = 11, Probability = 0.5, Std = 0.5 },
            AutomaticAugmentation.Parse("rand-m9-mstd0.5-inc1").Step);
        Assert.Equal(new RandAugment { Bins = 11, Magnitude = 7, Ops = 3, Probability = 1 },
            AutomaticAugmentation.Parse("rand-m7-n3-p1").Step);
        Assert.Equal(new AutoAugment(), AutomaticAugmentation.Parse("original").Step);
        Assert.Equal(new TrivialAugmentWide(), AutomaticAugmentation.Parse("ta-wide").Step);
        Assert.Equal(new RandAugment { Magnitude = 5 }, AutomaticAugmentation.Parse("rand-augment:magnitude=5").Step);
    }

    [Theory]
    [InlineData("rand-m11", "'m11' is not understood; it is written rand-m9[-n2][-mstd0.5][-p0.5][-inc1]")]
    [InlineData("rand-m9-inc0", "'inc0' is not understood")]
    [InlineData("rand-m9-w0", "'w0' is not understood")]
    [InlineData("cifar", "there is none of this name. Did you mean 'cifar10'?")]
    [InlineData("hflip", "there is none of this name")]
    public void What_is_wrong_with_a_name_is_said(string text, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => AutomaticAugmentation.Parse(text)).Message);

    [Fact]
    public void Erasing_clears_a_box_of_all_channels_or_fills_it_with_noise()
    {
        for (ulong i = 0; i < 50; i++)
        {
            float[] zero = new float[3 * 12 * 10], noise = new float[3 * 12 * 10];
            zero.AsSpan().Fill(7);
            noise.AsSpan().Fill(7);
            Philox draws = Philox.For(0, "test", i);
            Box box = new RandomErasing(1).Choose(12, 10, draws)!.Value;
            new RandomErasing(1).ApplyNormalized(zero, 12, 10, draws);
            new RandomErasing(1) { Noise = true }.ApplyNormalized(noise, 12, 10, draws);
            for (int j = 0; j < zero.Length; j++)
            {
                int y = j / 10 % 12 - box.Top, x = j % 10 - box.Left;
                bool inside = y >= 0 && y < box.Height && x >= 0 && x < box.Width;
                Assert.Equal(inside ? 0 : 7, zero[j]);
                Assert.Equal(inside, noise[j] != 7);
            }
        }
    }

    [Fact]
    public void Erased_areas_and_noise_have_the_moments_of_their_distributions()
    {
        RandomErasing erasing = new(1) { Noise = true };
        double area = 0;
        List<double> noise = [];
        for (ulong i = 0; i < 2000; i++)
            if (erasing.Choose(1000, 1000, Philox.For(1, "test", i)) is Box box) area += box.Height * box.Width / 1e6
            / 2000;
        float[] image = new float[3 * 64 * 64];
        for (ulong i = 0; noise.Count < 20_000; i++)
        {
            image.AsSpan().Clear();
            erasing.ApplyNormalized(image, 64, 64, Philox.For(1, "test", i));
            noise.AddRange(image.Where(value => value != 0).Select(value => (double)value));
        }

        Assert.Equal(0.17, area, 0.015);   // about the middle of 0.02 .. 0.33: few boxes stick out
        Assert.Equal(0, noise.Average(), 5 / Math.Sqrt(noise.Count));
        Assert.Equal(1, noise.Average(value => value * value), 5 * Math.Sqrt(2.0 / noise.Count));
    }

    [Fact]
    public void Erasing_comes_as_often_as_told()
    {
        int erased = 0;
        for (ulong i = 0; i < 400; i++)
        {
            float[] image = [.. Enumerable.Repeat(1f, 400)];
            new RandomErasing(0.25).ApplyNormalized(image, 20, 20, Philox.For(1, "test", i));
            if (image.Contains(0)) erased++;
        }

        Assert.Equal(100, erased, 5 * 8.7);
    }

    [Fact]
    public void A_step_takes_the_place_of_those_of_its_kind_or_the_end_of_its_stage()
    {
        TransformPipeline steps = TransformPipeline.Parse("random-crop:32:padding=4,hflip,random-erasing");
        TransformPipeline more = steps.With(new TrivialAugmentWide(), step => step is TrivialAugmentWide)
            .With(new RandomHorizontalFlip(0.25), step => step is RandomHorizontalFlip);
        Assert.Equal("random-crop:32:padding=4,hflip:p=0.25,trivial-augment,random-erasing", more.ToString());
        Assert.Equal("none", TransformPipeline.None.ToString());
        Assert.Equal("random-erasing:p=0.25",
            TransformPipeline.None.With(new RandomErasing(0.25), step => step is RandomErasing).ToString());
    }
}
