namespace Fovea.Training.Tracking;

/// <summary>How values are distributed: counts in bins of equal width between the smallest and the largest.</summary>
/// <param name="Edges">Ends of the bins, rising; one more than <paramref name="Counts"/>.</param>
/// <param name="Counts">Values in each bin; the last one holds its upper end too.</param>
/// <param name="Sum">Sum of the values.</param>
/// <param name="SumOfSquares">Sum of their squares.</param>
public sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<long> Counts, double Sum, double SumOfSquares)
{
    /// <summary>Bins of a histogram.</summary>
    public const int Bins = 64;

    /// <summary>Values counted.</summary>
    public long Count => Counts.Sum();

    /// <summary>Counts values; what is not finite is left out.</summary>
    public static Histogram Of(ReadOnlySpan<float> values)
    {
        (float low, float high) = Range(values);
        if (low > high) return new([0, 0], [0], 0, 0);   // nothing to count
        int bins = low == high ? 1 : Bins;
        double width = ((double)high - low) / bins, perValue = low == high ? 0 : 1 / width;
        long[] counts = new long[bins];
        double sum = 0, squares = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) continue;
            counts[Math.Min((int)((value - (double)low) * perValue), bins - 1)]++;
            sum += value;
            squares += (double)value * value;
        }

        return new([.. Enumerable.Range(0, bins).Select(i => low + i * width), high], counts, sum, squares);
    }

    private static (float Low, float High) Range(ReadOnlySpan<float> values)
    {
        (float low, float high) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) continue;
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        return (low, high);
    }
}
