using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fovea.Training.Tracking;

/// <summary>Distribution of values: counts in bins of equal width between the smallest and the largest.</summary>
/// <param name="Edges">Ends of the bins, rising; one more than <paramref name="Counts"/>.</param>
/// <param name="Counts">Values in each bin; the last one holds its upper end too.</param>
/// <param name="Sum">Sum of the values.</param>
/// <param name="SumOfSquares">Sum of their squares.</param>
internal sealed record Histogram(IReadOnlyList<double> Edges, IReadOnlyList<long> Counts, double Sum,
    double SumOfSquares)
{
    /// <summary>Bins of a histogram.</summary>
    public const int Bins = 64;

    /// <summary>Values counted.</summary>
    public long Count => Counts.Sum();

    /// <summary>Counts values; what is not finite is left out.</summary>
    /// <remarks>Optimised at once: a run calls it a few hundred times, over millions of values, before the runtime
    /// would see to it.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Histogram Of(ReadOnlySpan<float> values)
    {
        (float low, float high) = Range(values);
        if (low > high) return new([0, 0], [0], 0, 0);   // nothing to count
        int bins = low == high ? 1 : Bins;
        double width = ((double)high - low) / bins;
        double perValue = low == high ? 0 : 1 / width;
        long[] counts = new long[bins];
        double sum = 0;
        double squares = 0;
        foreach (float value in values)
        {
            if (!float.IsFinite(value)) continue;
            counts[Math.Min((int)((value - (double)low) * perValue), bins - 1)]++;
            sum += value;
            squares += (double)value * value;
        }

        return new([.. Enumerable.Range(0, bins).Select(i => low + i * width), high], counts, sum, squares);
    }

    /// <summary>The smallest and the largest finite value; an empty range, from +∞ to -∞, without one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Low, float High) Range(ReadOnlySpan<float> values)
    {
        ReadOnlySpan<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        Vector<float> none = new(float.PositiveInfinity);
        Vector<float> largest = new(float.MaxValue);
        (Vector<float> lows, Vector<float> highs) = (none, -none);
        foreach (Vector<float> value in wide)
        {
            Vector<int> finite = Vector.LessThanOrEqual(Vector.Abs(value), largest);   // false for NaN, too
            lows = Vector.Min(lows, Vector.ConditionalSelect(finite, value, none));
            highs = Vector.Max(highs, Vector.ConditionalSelect(finite, value, -none));
        }

        (float low, float high) = (float.PositiveInfinity, float.NegativeInfinity);
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            (low, high) = (Math.Min(low, lows[lane]), Math.Max(high, highs[lane]));
        foreach (float value in values[(wide.Length * Vector<float>.Count)..])
        {
            if (float.IsFinite(value)) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }

        return (low, high);
    }
}
