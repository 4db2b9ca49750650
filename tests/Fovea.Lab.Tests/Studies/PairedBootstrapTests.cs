using Fovea.Lab.Studies;

namespace Fovea.Lab.Tests.Studies;

public sealed class PairedBootstrapTests
{
    [Fact]
    public void Equal_results_are_no_difference()
    {
        bool[] run = Run(seed: 1, images: 300, accuracy: 0.6);
        Comparison pair = PairedBootstrap.Compare([[run, run], [run, run]]).Single();
        Assert.Equal((0, 0, 0, 1, 1), (pair.Difference, pair.Low, pair.High, pair.P, pair.AdjustedP));
    }

    [Fact]
    public void A_large_difference_is_significant_and_its_interval_holds_it()
    {
        Comparison pair = PairedBootstrap.Compare([Runs(1, 0.9), Runs(2, 0.6)]).Single();
        Assert.InRange(pair.Difference, 0.25, 0.35);
        Assert.True(pair.IsSignificant);
        Assert.True(pair.Low > 0.2 && pair.Low < pair.Difference && pair.Difference < pair.High && pair.High < 0.4,
            $"{pair}");
    }

    [Fact]
    public void The_order_of_two_only_turns_the_sign()
    {
        IReadOnlyList<bool[]> a = Runs(1, 0.7), b = Runs(2, 0.65);
        Comparison forth = PairedBootstrap.Compare([a, b]).Single(), back = PairedBootstrap.Compare([b, a]).Single();
        Assert.Equal((-forth.Difference, forth.P), (back.Difference, back.P));
        Assert.Equal(forth.Low, -back.High, 3);
        Assert.Equal(forth, PairedBootstrap.Compare([a, b]).Single());
        Assert.NotEqual(forth, PairedBootstrap.Compare([a, b], seed: 1).Single());
    }

    [Fact]
    public void Pairs_gain_from_images_that_are_hard_for_both()
    {
        // Both are wrong on the same half; the first is right on 5 % more. Unpaired, noise of the common half would
        // hide that.
        bool[] easy = [.. Enumerable.Range(0, 1000).Select(i => i < 500)];
        bool[] better = [.. easy.Select((hit, i) => hit || i % 20 == 0)];
        Assert.True(PairedBootstrap.Compare([[better], [easy]]).Single().P < 0.001);
        bool[] elsewhere = [.. Enumerable.Range(0, 1000).Select(i => i >= 500 || i % 20 == 1)];
        Assert.False(PairedBootstrap.Compare([[elsewhere], [easy]]).Single().IsSignificant);
    }

    [Fact]
    public void Seeds_that_disagree_widen_the_interval()
    {
        bool[] low = Run(1, 500, 0.5), high = Run(2, 500, 0.9), middle = Run(3, 500, 0.6);
        Comparison steady = PairedBootstrap.Compare([[Run(4, 500, 0.7), Run(5, 500, 0.7)], [middle, middle]]).Single();
        Comparison restless = PairedBootstrap.Compare([[low, high], [middle, middle]]).Single();
        Assert.True(restless.High - restless.Low > 2 * (steady.High - steady.Low), $"{restless} {steady}");
    }

    [Fact]
    public void Without_a_difference_few_are_called_significant()
    {
        int called = Enumerable.Range(0, 60)
            .Count(i => PairedBootstrap.Compare([[Run(2 * i, 200, 0.7)], [Run(2 * i + 1, 200, 0.7)]])
                .Single().P < 0.05);
        Assert.InRange(called, 0, 9);   // 3 are expected; 10 or more come up once in a thousand times
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void Few_seeds_that_disagree_seldom_make_a_difference(int seeds)
    {
        int called = Enumerable.Range(0, 60)
            .Count(i => PairedBootstrap.Compare([Restless(2 * i, seeds), Restless(2 * i + 1, seeds)])
                .Single().P < 0.05);
        // 3 are expected of an exact test; without stretching it would be some 30, 17 and 7
        Assert.InRange(called, 0, 9);
    }

    /// <summary>Runs whose accuracy hangs on the seed far more than on the images, the same on average whoever is
    /// asked.</summary>
    private static bool[][] Restless(int key, int seeds)
    {
        Philox random = new((ulong)key, 11);
        return [.. Enumerable.Range(0, seeds)
            .Select(seed => Run(1000 * key + seed, 200, 0.7 + 0.08 * random.Normal((ulong)seed)))];
    }

    [Fact]
    public void Many_comparisons_ask_for_more()
    {
        IReadOnlyList<Comparison> pairs = PairedBootstrap.Compare(
            [Runs(1, 0.9), Runs(2, 0.88), Runs(3, 0.5), Runs(4, 0.88)]);
        Assert.Equal([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], pairs.Select(pair => (pair.A, pair.B)));
        Comparison[] ordered = [.. pairs.OrderBy(pair => pair.P)];
        Assert.Equal(Math.Min(1, 6 * ordered[0].P), ordered[0].AdjustedP, 12);
        Assert.All(ordered.Zip(ordered.Skip(1)), two => Assert.True(two.First.AdjustedP <= two.Second.AdjustedP));
        Assert.Equal(Math.Max(ordered[^1].P, ordered[^2].AdjustedP), ordered[^1].AdjustedP, 12);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void However_many_pairs_there_are_a_clear_difference_is_shown(int seeds)
    {
        bool[][][] right = [.. Enumerable.Range(0, 45).Select(i => Enumerable.Range(0, seeds)
            .Select(seed => Run(10 * i + seed, 1000, i % 2 == 0 ? 0.6 : 0.85)).ToArray())];
        IReadOnlyList<Comparison> pairs = PairedBootstrap.Compare(right);
        Assert.Equal((990, 396_000), (pairs.Count, PairedBootstrap.Resamples(pairs.Count)));
        Assert.Equal(10_000, PairedBootstrap.Resamples(1));
        Assert.All(pairs.Where(pair => (pair.A + pair.B) % 2 == 1),
            pair => Assert.True(pair.IsSignificant, $"{pair}"));
        Assert.DoesNotContain(pairs, pair => (pair.A + pair.B) % 2 == 0 && pair.IsSignificant);
    }

    [Fact]
    public void Seeds_that_agree_widen_nothing()
    {
        // Each seed has other images right, and 30 of 300 more than the rival: 10 points, twice.
        bool[][] worse = [Run(1, 300, 0.6), Run(2, 300, 0.6)];
        bool[][] better = [.. worse.Select(run =>
        {
            int left = 30;
            return run.Select(hit => hit || left-- > 0).ToArray();
        })];
        Comparison two = PairedBootstrap.Compare([better, worse]).Single();
        Comparison images = PairedBootstrap.Compare([[better[0]], [worse[0]]]).Single();
        Assert.Equal(0.1, two.Difference, 12);
        Assert.True(two.High - two.Low <= 1.2 * (images.High - images.Low), $"{two} {images}");
        Assert.True(two.IsSignificant);
    }

    [Fact]
    public void An_interval_stays_within_what_accuracies_allow()
    {
        bool[] all = Run(1, 100, 1), none = Run(1, 100, 0);
        Comparison pair = PairedBootstrap.Compare([[all, none], [none, all]]).Single();
        Assert.Equal((0, -1, 1, 1), (pair.Difference, pair.Low, pair.High, pair.P));
    }

    [Fact]
    public void Drawn_images_agree_with_resampling_them_one_by_one()
    {
        const int Draws = 20_000;
        bool[] a = Run(1, 60, 0.7), b = Run(2, 60, 0.5);
        int[] differences = [.. a.Zip(b, (x, y) => (x ? 1 : 0) - (y ? 1 : 0))];
        double[] sums = [.. Enumerable.Range(0, Draws).Select(i => Philox.For(9, "images", (ulong)i))
            .Select(random => (double)Enumerable.Range(0, 60).Sum(j => differences[random.Below((ulong)j, 60)]))];
        ImageDraws exact = new([.. Enumerable.Range(-1, 3).Select(value => differences.Count(d => d == value))]);
        for (int sum = -61; sum <= 61; sum++)
            Assert.Equal(sums.Count(drawn => drawn <= sum) / (double)Draws, exact.AtMost(sum), 0.015);
    }

    /// <summary>Configurations that differ by nothing but noise: of the seed, and of the images.</summary>
    [Theory]
    [InlineData(3, 0.0015)]
    [InlineData(3, 0.015)]
    [InlineData(3, 0.15)]
    [InlineData(5, 0.0015)]
    [InlineData(5, 0.015)]
    [InlineData(5, 0.15)]
    public void Noise_of_seeds_and_of_images_seldom_makes_a_difference(int seeds, double bySeed)
    {
        // 1000 images of which each is right half the time: their noise is 0.016 a run
        bool[][] Noise(int key)
        {
            Philox random = new((ulong)key, 17);
            return [.. Enumerable.Range(0, seeds).Select(seed =>
                Run(100 * key + seed, 1000, 0.5 + bySeed * random.Normal((ulong)seed)))];
        }

        int called = Enumerable.Range(0, 200)
            .Count(i => PairedBootstrap.Compare([Noise(2 * i), Noise(2 * i + 1)]).Single().P < 0.05);
        Assert.InRange(called, 0, 20);   // 10 are expected of an exact test; 21 or more come up once in 1000 times
    }

    private static bool[][] Runs(int seed, double accuracy) =>
        [.. Enumerable.Range(0, 3).Select(i => Run(100 * seed + i, 1000, accuracy))];

    private static bool[] Run(int seed, int images, double accuracy)
    {
        Philox random = new((ulong)seed, 7);
        return [.. Enumerable.Range(0, images).Select(i => random.Uniform((ulong)i) < accuracy)];
    }
}
