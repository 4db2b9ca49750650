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

    /// <summary>An axis for values: it begins and ends on a tick.</summary>
    /// <param name="values">The values to show: finite, and positive for a logarithmic axis.</param>
    /// <param name="scale">Linear or logarithmic.</param>
    /// <param name="format">The format of tick labels.</param>
    /// <param name="most">The largest number of ticks.</param>
    public static Axis ForValues(IReadOnlyCollection<double> values, AxisScale scale, ValueFormat format, int most)
    {
        bool logarithmic = scale == AxisScale.Logarithmic;
        (double low, double high) = values.Count > 0 ? (values.Min(), values.Max()) : (logarithmic ? 0.1 : 0, 1);
        if (!logarithmic) (low, high) = Pad(low, high, format);
        double[] ticks = logarithmic ? Charts.Ticks.CoveringLogarithmic(low, high, most)
            : Charts.Ticks.Covering(low, high, most);
        string[] labels = logarithmic ? ValueText.LogarithmicLabels(ticks, format) : ValueText.Labels(ticks, format);
        return new(ticks[0], ticks[^1], ticks, labels, logarithmic);
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
