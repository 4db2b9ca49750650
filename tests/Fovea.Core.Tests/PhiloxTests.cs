using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Core.Tests;

public sealed class PhiloxTests
{
    private const int Draws = 100_000;

    [Theory]   // kat_vectors of Random123 1.14: philox 4x32 with 10 rounds
    [InlineData(0UL, 0UL, 0UL, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffffffffffUL, 0xffffffffffffffffUL, 0xffffffffffffffffUL, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u,
        0x6d5451fdu)]
    [InlineData(0x299f31d0a4093822UL, 0x0370734413198a2eUL, 0x85a308d3243f6a88UL, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u,
        0x24126ea1u)]
    public void Blocks_equal_the_published_vectors(ulong seed, ulong stream, ulong block, uint x, uint y, uint z,
        uint w) =>
        Assert.Equal((x, y, z, w), new Philox(seed, stream).Block(block));

    [Fact]
    public void Words_are_the_blocks_in_order()
    {
        Philox random = new(5, 6);
        (uint x, uint y, uint z, uint w) = random.Block(3);
        Assert.Equal([x, y, z, w], Enumerable.Range(12, 4).Select(i => random.Word((ulong)i)));
    }

    [Fact]   // bounds: five standard deviations of the estimate
    public void Uniform_numbers_have_the_moments_of_the_uniform_distribution()
    {
        Philox random = new(1, 2);
        double[] values = [.. Enumerable.Range(0, Draws).Select(i => (double)random.Uniform((ulong)i))];
        Assert.All(values, value => Assert.InRange(value, 0, 1 - 1.0 / (1 << 24)));
        Assert.Equal(0.5, values.Average(), 5 / Math.Sqrt(12.0 * Draws));
        Assert.Equal(1 / 12.0, values.Average(value => (value - 0.5) * (value - 0.5)),
            5 * Math.Sqrt(1 / 180.0 / Draws));
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_the_normal_distribution()
    {
        Philox random = new(3, 4);
        double[] values = [.. Enumerable.Range(0, Draws).Select(i => random.Normal((ulong)i))];
        double[] expected = [0, 1, 0, 3], variance = [1, 2, 15, 96];   // of x, x², x³, x⁴
        for (int power = 1; power <= 4; power++)
            Assert.Equal(expected[power - 1], values.Average(value => Math.Pow(value, power)),
                5 * Math.Sqrt(variance[power - 1] / Draws));
        // neighbours share a block
        Assert.Equal(0, values.Zip(values.Skip(1), (a, b) => a * b).Average(), 5 / Math.Sqrt(Draws));
    }

    [Fact]
    public void Streams_and_seeds_are_uncorrelated()
    {
        Philox[] sources = [new(1, 0), new(1, 1), new(2, 0), Philox.For(1, "augment"), Philox.For(1, "augment", 1),
            Philox.For(1, "augment", 0, 1), Philox.For(1, "dropout")];
        float[][] values = [.. sources
            .Select(source => Enumerable.Range(0, Draws / 5).Select(i => source.Uniform((ulong)i) - 0.5f).ToArray())];
        for (int i = 0; i < sources.Length; i++)
            for (int j = 0; j < i; j++)
                Assert.Equal(0, values[i].Zip(values[j], (a, b) => a * b).Average(), 5 / 12.0 / Math.Sqrt(Draws / 5));
    }

    [Theory]   // a resumed run draws from the same streams, so they must never change
    [InlineData("", 0, 0, 0x369d294abf190a01UL)]
    [InlineData("shuffle", 3, 0, 0x0c275fa26130abc7UL)]
    [InlineData("augment", 1, 2, 0x9b80a6b218ba4db1UL)]
    public void Streams_for_purposes_are_pinned(string purpose, ulong a, ulong b, ulong stream)
    {
        Philox random = Philox.For(7, purpose, a, b);
        Assert.Equal((7UL, stream), (random.Seed, random.Stream));
    }

    [Fact]
    public void Below_stays_in_range_and_is_even()
    {
        Prop.ForAll<uint, PositiveInt>((index, count) =>
            new Philox(9, 9).Below(index, count.Get) is var value && value >= 0 && value < count.Get).Hold();
        Philox random = new(9, 1);
        foreach (IGrouping<int, int> bin in Enumerable.Range(0, Draws).Select(i => random.Below((ulong)i, 7))
            .GroupBy(value => value))
            Assert.Equal(Draws / 7.0, bin.Count(), 5 * Math.Sqrt(Draws / 7.0));
    }

    [Fact]
    public void Permutation_is_a_bijection() =>
        Prop.ForAll<ulong, byte>((stream, count) =>
            new Philox(4, stream).Permutation(count).Order().SequenceEqual(Enumerable.Range(0, count)))
            .Hold();

    [Fact]
    public void Permutation_favours_no_order()
    {
        const int Trials = 24_000;
        IEnumerable<string> orders = Enumerable.Range(0, Trials)
            .Select(i => string.Join("", new Philox(4, (ulong)i).Permutation(4)));
        int[] counts = [.. orders.GroupBy(order => order).Select(order => order.Count())];
        Assert.Equal(24, counts.Length);
        Assert.All(counts, count => Assert.Equal(1000, count, 5 * Math.Sqrt(1000.0)));
    }

    [Fact]   // number 9320226 is the first to be 1 − 2⁻²⁴, and 1 + (2 − 1)(1 − 2⁻²⁴) rounds to 2
    public void Uniform_between_bounds_excludes_the_upper_one()
    {
        Philox random = new(0, 0);
        Assert.Equal(1 - 1f / (1 << 24), random.Uniform(9320226));
        Assert.Equal(MathF.BitDecrement(2), random.Uniform(9320226, 1, 2));
        Prop.ForAll<uint, short, PositiveInt>((i, low, width) =>
            random.Uniform(i, low, low + (float)width.Get) is var value && value >= low
                && value < low + (float)width.Get).Hold();
    }
}
