using Fovea.Plotting.Charts;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Charts;

public sealed class TicksTests
{
    private static readonly Gen<double> Values =
        from mantissa in Gen.Choose(-1_000_000, 1_000_000)
        from exponent in Gen.Choose(-200, 200)
        select mantissa * Math.Pow(10, exponent);

    private static readonly Gen<(double Low, double High, int Most)> Ranges =
        from a in Values
        from near in Gen.Choose(1, 9999).Select(i => a * (1 + i * 1e-6))
        from far in Gen.Choose(-99, 99).Select(i => a * i)
        from any in Values
        from b in Gen.Elements(a, near, far, any)
        from most in Gen.Choose(Ticks.LeastRoom, 10)
        select (Math.Min(a, b), Math.Max(a, b), most);

    [Fact]
    public void Ticks_rise_evenly_cover_the_range_and_are_three_to_most() =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Arb.From(Ranges), range =>
        {
            double[] ticks = Ticks.Covering(range.Low, range.High, range.Most);
            double step = ticks[1] - ticks[0], slack = 1e-6 * step;
            return ticks.Length >= 3 && ticks.Length <= range.Most
                && ticks[0] <= range.Low + slack && ticks[^1] >= range.High - slack
                && ticks.Zip(ticks.Skip(1))
                .All(pair => pair.Second > pair.First && Math.Abs(pair.Second - pair.First - step) <= slack);
        }));

    [Fact]
    public void Logarithmic_ticks_rise_cover_the_range_and_are_three_to_ten() =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(Arb.From(Ranges), range =>
        {
            double low = Math.Max(Math.Abs(range.Low), 1e-290), high = Math.Max(Math.Abs(range.High), 1e-290);
            (low, high) = (Math.Min(low, high), Math.Max(low, high));
            (double start, double end, double[] ticks) = Ticks.CoveringLogarithmic(low, high, range.Most);
            bool isNear = start >= low / 2.6 && end <= high * 2.6;   // no empty decade at either end
            return ticks.Length is >= 3 and <= 10 && start > 0 && start <= low * (1 + 1e-6) && end >= high * (1 - 1e-6)
                && isNear && ticks[0] >= start && ticks[^1] <= end
                && ticks.Zip(ticks.Skip(1)).All(pair => pair.Second > pair.First);
        }));

    [Theory]
    [InlineData(0, 1, 6, "0 0.2 0.4 0.6 0.8 1")]
    [InlineData(0.3, 2.31, 6, "0 0.5 1 1.5 2 2.5")]
    [InlineData(1, 40, 10, "0 5 10 15 20 25 30 35 40")]
    [InlineData(-0.02, 0.03, 8, "-0.02 -0.01 0 0.01 0.02 0.03")]
    [InlineData(5, 5, 5, "4.5 5 5.5")]
    [InlineData(0, 0, 5, "-1 -0.5 0 0.5 1")]
    public void Ticks_are_round(double low, double high, int most, string expected) =>
        Assert.Equal(expected, string.Join(' ', Ticks.Covering(low, high, most)));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1e-300, 1e-300)]
    [InlineData(1e-290, 1e-290)]
    [InlineData(1e-290, 1.001e-290)]
    [InlineData(1e-250, 1e-250)]
    [InlineData(1e299, 1e299)]
    public void Logarithmic_ticks_stay_above_zero(double low, double high) =>
        Assert.All(Ticks.CoveringLogarithmic(low, high, 8).Ticks, tick => Assert.InRange(tick, 1e-305, 1e305));

    [Theory]
    [InlineData(0.002, 800, "0.01 0.1 1 10 100 1000")]
    [InlineData(64, 16_384, "100 1000 10000")]
    [InlineData(90, 1100, "50 100 200 500 1000 2000")]
    [InlineData(0.3, 4, "0.2 0.5 1 2 5")]
    [InlineData(0.42, 0.48, "0.42 0.43 0.44 0.45 0.46 0.47 0.48")]
    public void Logarithmic_ticks_fit_the_range(double low, double high, string expected) =>
        Assert.Equal(expected, string.Join(' ', Ticks.CoveringLogarithmic(low, high, 7).Ticks));
}
