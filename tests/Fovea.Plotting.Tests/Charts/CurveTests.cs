using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Plotting.Tests.Charts;

public sealed class CurveTests
{
    [Fact]
    public void What_is_not_finite_splits_a_curve_into_runs()
    {
        Series series = new("loss", [1, 2, 3, 4, 5, 6], [1, 2, double.NaN, 4, double.PositiveInfinity, 6]);
        List<Point[]> runs = Curve.SplitRuns(Curve.Finite(series, new LineChart()));
        Assert.Equal([2, 1, 1], runs.Select(run => run.Length));
    }

    [Fact]
    public void A_logarithmic_axis_has_gaps_where_values_are_not_positive()
    {
        Series series = new("loss", [1, 2, 3], [0, -1, 2]);
        Assert.Equal([null, null, new Point(3, 2)],
            Curve.Finite(series, new LineChart { YScale = AxisScale.Logarithmic }));
    }

    [Fact]
    public void Thinning_keeps_ends_and_extremes_of_every_pixel_column_in_order()
    {
        Gen<List<Point>> runs =
            from count in Gen.Choose(1, 500)
            from seed in Gen.Choose(0, 1_000_000)
            select Random(count, seed);

        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(Arb.From(runs), run =>
        {
            Point[] thin = Curve.Thin(run);
            var columns = Columns(run);
            return columns.SequenceEqual(Columns(thin)) && thin.Length <= 4 * columns.Count
                && thin.SequenceEqual(thin.OrderBy(p => p.X));
        }));
    }

    [Fact]
    public void The_best_value_ignores_gaps()
    {
        Series series = new("accuracy", [1, 2, 3, 4], [0.2, double.NaN, 0.9, 0.4]);
        Curve Of(BestValue best) => new(series with { Best = best }, SeriesStyle.Number(0), []);
        Assert.Equal(new Point(3, 0.9), Of(BestValue.Highest).Best(new LineChart()));
        Assert.Equal(new Point(1, 0.2), Of(BestValue.Lowest).Best(new LineChart()));
        Assert.Null(Of(BestValue.None).Best(new LineChart()));
    }

    [Fact]
    public void A_series_needs_as_many_values_as_places()
    {
        LineChart chart = new() { Series = [new("loss", [1, 2], [1])] };
        ArgumentException error = Assert.Throws<ArgumentException>(() => chart.ToSvg());
        Assert.Equal("Series 'loss' has 2 places but 1 values.", error.Message);
    }

    private static List<(double Column, double Lowest, double Highest, Point First, Point Last)> Columns(
        IEnumerable<Point> points) =>
        [.. points.GroupBy(p => Math.Floor(p.X))
            .Select(c => (c.Key, c.Min(p => p.Y), c.Max(p => p.Y), c.First(), c.Last()))];

    private static List<Point> Random(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new Point(random.NextDouble() * 40, random.NextDouble()))
            .OrderBy(p => p.X)];
    }
}
