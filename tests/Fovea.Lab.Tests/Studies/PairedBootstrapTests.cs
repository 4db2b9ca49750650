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

    private static bool[][] Runs(int seed, double accuracy) =>
        [.. Enumerable.Range(0, 3).Select(i => Run(100 * seed + i, 1000, accuracy))];

    private static bool[] Run(int seed, int images, double accuracy)
    {
        Philox random = new((ulong)seed, 7);
        return [.. Enumerable.Range(0, images).Select(i => random.Uniform((ulong)i) < accuracy)];
    }
}
