using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Charts;

/// <summary>A series as it is drawn: its unbroken runs, in pixels.</summary>
internal sealed record Curve(Series Series, SeriesStyle Style, IReadOnlyList<Point[]> Runs)
{
    /// <summary>True if points of the curve have markers.</summary>
    public bool IsMarked { get; init; } = !Series.Faint;

    /// <summary>True if there are points to join.</summary>
    public bool HasLine => Series.X.Count > 1;

    /// <summary>The point of the series to point out, in units of the chart; null: none.</summary>
    public Point? Best(LineChart chart)
    {
        if (Series.Best == BestValue.None) return null;
        IEnumerable<Point> points = Finite(Series, chart).OfType<Point>();
        return Series.Best == BestValue.Lowest
            ? points.Cast<Point?>().MinBy(point => point!.Value.Y)
            : points.Cast<Point?>().MaxBy(point => point!.Value.Y);
    }

    /// <summary>The points in order; null in place of points that cannot be drawn.</summary>
    /// <exception cref="ArgumentException">The series has not as many values as places.</exception>
    public static IEnumerable<Point?> Finite(Series series, LineChart chart)
    {
        if (series.X.Count != series.Y.Count)
            throw new ArgumentException(
                $"Series '{series.Name}' has {series.X.Count} places but {series.Y.Count} values.");
        for (int i = 0; i < series.X.Count; i++)
            yield return Drawable(series.X[i], chart.XScale) && Drawable(series.Y[i], chart.YScale)
                ? new Point(series.X[i], series.Y[i]) : null;
    }

    /// <summary>Both ends of the spreads of points; null in place of those that cannot be drawn.</summary>
    /// <exception cref="ArgumentException">The series has not as many spreads as places.</exception>
    public static IEnumerable<(Point Low, Point High)?> Spreads(Series series, LineChart chart)
    {
        if (series.Spread is null) yield break;
        if (series.X.Count != series.Spread.Count)
            throw new ArgumentException(
                $"Series '{series.Name}' has {series.X.Count} places but {series.Spread.Count} spreads.");
        for (int i = 0; i < series.X.Count; i++)
        {
            (double low, double high) = series.Spread[i];
            bool drawable = Drawable(series.X[i], chart.XScale) && Drawable(low, chart.YScale)
                && Drawable(high, chart.YScale);
            yield return drawable ? (new Point(series.X[i], low), new Point(series.X[i], high)) : null;
        }
    }

    /// <summary>Tells whether a value has a position on an axis; false for NaN.</summary>
    private static bool Drawable(double value, AxisScale scale) =>
        value >= (scale == AxisScale.Logarithmic ? Ticks.Smallest : -Ticks.Largest) && value <= Ticks.Largest;

    /// <summary>Splits points at the gaps and thins each run to what its pixels can show.</summary>
    public static List<Point[]> SplitRuns(IEnumerable<Point?> points)
    {
        List<Point[]> runs = [];
        List<Point> run = [];
        foreach (Point? point in points.Append(null))
        {
            if (point is Point next)
            {
                run.Add(next);
                continue;
            }

            if (run.Count > 0) runs.Add(Thin(run));
            run.Clear();
        }

        return runs;
    }

    /// <summary>
    /// Keeps, of the neighbours that fall into one pixel column, the first, lowest, highest and last: the line covers
    /// the same pixels.
    /// </summary>
    public static Point[] Thin(List<Point> run)
    {
        List<Point> kept = [];
        for (int start = 0, end; start < run.Count; start = end)
        {
            double column = Math.Floor(run[start].X);
            int lowest = start, highest = start;
            for (end = start; end < run.Count && Math.Floor(run[end].X) == column; end++)
            {
                if (run[end].Y < run[lowest].Y) lowest = end;
                if (run[end].Y > run[highest].Y) highest = end;
            }

            foreach (int index in new SortedSet<int> { start, lowest, highest, end - 1 }) kept.Add(run[index]);
        }

        return [.. kept];
    }
}
