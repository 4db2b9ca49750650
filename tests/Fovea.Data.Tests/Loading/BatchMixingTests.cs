using Fovea.Data.Loading;

namespace Fovea.Data.Tests.Loading;

public sealed class BatchMixingTests
{
    // bounds: five standard deviations of the estimate, the variance's by its own fourth moment (at most 1/16)
    [Theory]
    [InlineData(0.1)]
    [InlineData(0.2)]
    [InlineData(0.8)]
    [InlineData(1)]
    [InlineData(4)]
    public void Shares_have_the_moments_of_the_beta_distribution(double alpha)
    {
        const int Count = 20_000;
        double[] draws = [.. Enumerable.Range(0, Count)
            .Select(i => BetaDistribution.Draw(alpha, Philox.For(5, "beta", (ulong)i)))];
        double variance = 1 / (4 * (2 * alpha + 1));
        Assert.All(draws, share => Assert.InRange(share, 0, 1));
        Assert.Equal(0.5, draws.Average(), 5 * Math.Sqrt(variance / Count));
        Assert.Equal(variance, draws.Average(share => (share - 0.5) * (share - 0.5)),
            5 * 0.25 * Math.Sqrt(variance / Count));
        Assert.Equal(draws[7], BetaDistribution.Draw(alpha, Philox.For(5, "beta", 7)));
    }

    [Fact]
    public void A_tiny_shape_still_gives_numbers() =>
        Assert.All(Enumerable.Range(0, 100),
            i => Assert.InRange(BetaDistribution.Draw(1e-4, Philox.For(5, "beta", (ulong)i)), 0, 1));

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Mixup_blends_partners_and_their_smoothed_targets(int count)
    {
        Batch mixed = Filled(count), plain = Filled(count);
        BatchMixing mixup = new() { Mixup = 0.8, Smoothing = 0.1 };
        Philox draws = Philox.For(1, "mix", 0, 3);
        mixup.Apply(mixed, draws);
        float share = (float)BetaDistribution.Draw(0.8, draws);
        for (int i = 0; i < count; i++)
        {
            int partner = count - 1 - i;
            for (int j = 0; j < 48; j++)
                Assert.Equal(share * plain.Images[i * 48 + j] + (1 - share) * plain.Images[partner * 48 + j],
                    mixed.Images[i * 48 + j], 1e-5f);
            for (int label = 0; label < 3; label++)
            {
                float expected = 0.1f / 3
                    + 0.9f * ((i % 3 == label ? share : 0) + (partner % 3 == label ? 1 - share : 0));
                Assert.Equal(expected, mixed.Targets![i * 3 + label], 1e-5f);
            }

            Assert.Equal(share < 0.5f ? partner % 3 : i % 3, mixed.Labels[i]);
        }
    }

    [Fact]
    public void Cutmix_takes_a_box_from_the_partner_and_the_targets_tell_its_share()
    {
        for (ulong number = 0; number < 40; number++)
        {
            Batch mixed = Filled(4), plain = Filled(4);
            new BatchMixing { CutMix = 1 }.Apply(mixed, Philox.For(1, "mix", 0, number));
            for (int i = 0; i < 4; i++)
            {
                int stayed = 0;
                for (int j = 0; j < 48; j++)
                {
                    bool own = mixed.Images[i * 48 + j] == plain.Images[i * 48 + j];
                    Assert.True(own || mixed.Images[i * 48 + j] == plain.Images[(3 - i) * 48 + j]);
                    if (own) stayed++;
                }

                float[] expected = new float[3];
                expected[i % 3] += stayed / 48f;
                expected[(3 - i) % 3] += 1 - stayed / 48f;
                for (int label = 0; label < 3; label++)
                    Assert.Equal(expected[label], mixed.Targets![i * 3 + label], 1e-6f);
            }
        }
    }

    [Fact]
    public void Both_kinds_come_by_the_switch_probability_and_none_without_luck()
    {
        int cut = 0, plain = 0;
        BatchMixing both = new() { Mixup = 0.8, CutMix = 1, Probability = 0.5, SwitchProbability = 0.25 };
        HashSet<float> original = [.. Filled(4).Images];
        for (ulong number = 0; number < 600; number++)
        {
            Batch batch = Filled(4);
            both.Apply(batch, Philox.For(2, "mix", 0, number));
            if (batch.Images.SequenceEqual(Filled(4).Images)) plain++;
            else if (batch.Images.All(original.Contains)) cut++;
        }

        Assert.InRange(plain, 250, 420);   // half of 600, and boxes without an area
        Assert.InRange(cut, 30, 115);      // at most a quarter of the rest
    }

    [Theory]
    [InlineData(-1, 0, "mixup")]
    [InlineData(0, double.NaN, "cutmix")]
    public void Values_that_make_no_sense_are_named(double mixup, double cutmix, string named) =>
        Assert.StartsWith(named,
            Assert.Throws<UsageException>(() => new BatchMixing { Mixup = mixup, CutMix = cutmix }.Validate()).Message);

    /// <summary>Images of 3 x 4 x 4 samples, all different, of classes 0, 1, 2, 0, ...</summary>
    private static Batch Filled(int count)
    {
        Batch batch = new(count, 3, 4, 4, 3) { Count = count };
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = i + 1;
        for (int i = 0; i < count; i++) batch.Labels[i] = i % 3;
        return batch;
    }
}
