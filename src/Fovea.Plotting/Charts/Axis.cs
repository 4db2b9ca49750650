using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>A stretch of numbers with its ticks.</summary>
internal sealed class Axis
{
    private readonly bool _logarithmic;
    private readonly double _low;
    private readonly double _high;

    private Axis(double low, double high, double[] ticks, string[] labels, bool logarithmic)
    {
        _low = low;
        _high = high;
        _logarithmic = logarithmic;
        Ticks = ticks;
        Labels = labels;
    }

    public double[] Ticks { get; }

    public string[] Labels { get; }

    /// <summary>An axis for values: a linear one begins and ends on a tick, a logarithmic one next to the
    /// values.</summary>
    /// <param name="values">The values to show: finite, and positive for a logarithmic axis.</param>
    /// <param name="scale">Linear or logarithmic.</param>
    /// <param name="format">The format of tick labels.</param>
    /// <param name="most">The largest number of ticks.</param>
    public static Axis ForValues(IReadOnlyCollection<double> values, AxisScale scale, ValueFormat format, int most)
    {
        bool logarithmic = scale == AxisScale.Logarithmic;
        (double low, double high) = values.Count > 0 ? (values.Min(), values.Max()) : (logarithmic ? 0.1 : 0, 1);
        if (!logarithmic) (low, high) = Pad(low, high, format);
        if (logarithmic)
        {
            (double start, double end, double[] between) = Charts.Ticks.CoveringLogarithmic(low, high, most);
            return new(start, end, between, ValueText.LogarithmicLabels(between, format), logarithmic);
        }

        double[] ticks = Charts.Ticks.Covering(low, high, most);
        return new(ticks[0], ticks[^1], ticks, ValueText.Labels(ticks, format), logarithmic);
    }

    /// <summary>A horizontal axis: it ends where its positions end; ticks are whole numbers if at least two
    /// fit.</summary>
    public static Axis ForPositions(IReadOnlyCollection<double> positions, ValueFormat format, int most)
    {
        (double low, double high) = positions.Count > 0 ? (positions.Min(), positions.Max()) : (0, 1);
        if (low == high)
            return new(low - 1, high + 1, [low],
                [format == ValueFormat.Percent ? ValueText.Labels([low], format)[0] : ValueText.Significant(low, 4)],
                logarithmic: false);
        double margin = 1e-9 * (high - low);
        double[] within = [.. Charts.Ticks.Covering(low, high, most)
            .Where(tick => tick >= low - margin && tick <= high + margin)];
        double[] whole = [.. within.Where(double.IsInteger)];
        if (whole.Length >= 2) within = whole;
        return new(low, high, within, ValueText.Labels(within, format), logarithmic: false);
    }

    /// <summary>The axis with other ticks, each with a label of its own; those beyond its ends are left out.</summary>
    public Axis With(IEnumerable<double> ticks, ValueFormat format)
    {
        double[] within = [.. ticks.Where(tick => Position(tick) is >= -1e-9 and <= 1 + 1e-9).Distinct().Order()];
        return new(_low, _high, within, ValueText.LogarithmicLabels(within, format), _logarithmic);
    }

    /// <summary>The axis with only as many labels as find room side by side: all, every second, every third, ...; the
    /// others are empty, and so are those that the paper's edge would cut.</summary>
    /// <param name="length">Pixels from end to end.</param>
    /// <param name="size">The em of the labels in pixels.</param>
    /// <param name="before">Pixels of paper before the axis.</param>
    /// <param name="after">Pixels of paper behind it.</param>
    public Axis Thinned(double length, double size, double before, double after)
    {
        const double Gap = 6;
        double[] widths = [.. Labels.Select(label => FigureFont.Width(label, size))];
        double[] places = [.. Ticks.Select(tick => Position(tick) * length)];
        int[] whole = [.. Enumerable.Range(0, Ticks.Length).Where(i => places[i] - widths[i] / 2 >= -before
            && places[i] + widths[i] / 2 <= length + after)];
        for (int stride = 1; stride < whole.Length; stride++)
        {
            int[] kept = [.. whole.Where((_, i) => i % stride == 0)];
            if (kept.Zip(kept.Skip(1)).All(pair => Math.Abs(places[pair.Second] - places[pair.First])
                >= (widths[pair.First] + widths[pair.Second]) / 2 + Gap)) return Keep(kept);
        }

        return Keep([.. whole.Take(1)]);

        Axis Keep(int[] kept) =>
            new(_low, _high, Ticks, [.. Labels.Select((label, i) => kept.Contains(i) ? label : "")],
            _logarithmic);
    }

    /// <summary>Keeps curves off the plot's edges, but crosses neither 0 nor 100 %.</summary>
    private static (double Low, double High) Pad(double low, double high, ValueFormat format)
    {
        double pad = 0.03 * (high - low);
        double ceiling = format == ValueFormat.Percent && high <= 1 ? 1 : double.PositiveInfinity;
        return (low >= 0 ? Math.Max(0, low - pad) : low - pad, Math.Min(ceiling, high + pad));
    }

    /// <summary>The position of a value: 0 at the axis's start, 1 at its end.</summary>
    public double Position(double value) => _logarithmic
        ? (Math.Log10(value) - Math.Log10(_low)) / (Math.Log10(_high) - Math.Log10(_low))
        : value / (_high - _low) - _low / (_high - _low);
}
