namespace Fovea.Plotting.Charts;

/// <summary>Round numbers for an axis.</summary>
internal static class Ticks
{
    /// <summary>Values beyond this are treated as gaps, so that differences and powers of ten stay finite.</summary>
    public const double Largest = 1e300;

    /// <summary>Sizes below this are treated as zero, so that steps and powers of ten stay normal numbers.</summary>
    public const double Smallest = 1e-290;

    /// <summary>The least number of ticks an axis must have room for.</summary>
    public const int LeastRoom = 5;

    /// <summary>Rounding in the last digits must not add a tick: places are compared to a billionth of a
    /// step.</summary>
    private const double Tolerance = 1e-9;

    /// <summary>
    /// Multiples of 1, 2 or 5 times a power of ten, from at or below <paramref name="low"/> to at or above
    /// <paramref name="high"/>: the finest with at most <paramref name="most"/>. A range without extent is widened
    /// first. Steps grow by a factor of 2.5 at most, so with room for <see cref="LeastRoom"/> ticks there are never
    /// less than three.
    /// </summary>
    public static double[] Covering(double low, double high, int most)
    {
        (low, high) = Widen(low, high);
        int exponent = (int)Math.Floor(Math.Log10((high - low) / most)) - 1;
        for (; ; exponent++)
        {
            foreach (int mantissa in (ReadOnlySpan<int>)[1, 2, 5])
            {
                double step = Multiple(mantissa, exponent);
                double first = Math.Floor(low / step + Tolerance), last = Math.Ceiling(high / step - Tolerance);
                if (last - first >= most) continue;
                return [.. Enumerable.Range(0, (int)(last - first) + 1)
                    .Select(i => Multiple((first + i) * mantissa, exponent))];
            }
        }
    }

    /// <summary>
    /// A logarithmic axis for a range with 0 &lt; <paramref name="low"/>: it ends at 1, 2 or 5 times a power of ten
    /// next to the range, with at least three ticks, and at most <paramref name="most"/>, between or on its ends: those
    /// numbers, or powers of ten (with their fivefolds where those are too few); even steps where the range is short.
    /// </summary>
    public static (double Low, double High, double[] Ticks) CoveringLogarithmic(double low, double high, int most)
    {
        // A range without extent is then widened in proportion and stays above zero.
        (low, high) = (Math.Max(low, Smallest), Math.Max(high, Smallest));
        int first = (int)Math.Floor(Math.Log10(low) + Tolerance);
        int last = (int)Math.Ceiling(Math.Log10(high) - Tolerance);
        double[] fine = Multiples(first, last, [1, 2, 5]);
        int from = Math.Max(0, Array.FindLastIndex(fine, tick => tick <= low * (1 + Tolerance)));
        int to = Array.FindIndex(fine, tick => tick >= high * (1 - Tolerance));
        if (to - from < 2)
        {
            double[] even = Covering(low, high, most);
            return (even[0], even[^1], even);
        }

        (double start, double end) = (fine[from], fine[to]);
        if (to - from < most) return (start, end, fine[from..(to + 1)]);
        double[] decades = Within([1]);
        if (decades.Length < 3) return (start, end, Within([1, 5]));
        int stride = (decades.Length + most - 1) / most;
        return (start, end, [.. decades.Where((_, i) => i % stride == 0)]);

        double[] Within(int[] mantissas) =>
            [.. Multiples(first, last, mantissas).Where(tick => tick >= start && tick <= end)];
    }

    private static double[] Multiples(int first, int last, int[] mantissas) =>
        [.. Enumerable.Range(first, last - first + 1).SelectMany(e => mantissas.Select(m => Multiple(m, e)))];

    /// <summary>Gives a range that is a point, or too narrow for double precision, some extent.</summary>
    private static (double Low, double High) Widen(double low, double high)
    {
        double size = Math.Max(Math.Abs(low), Math.Abs(high));
        if (high - low > 1e-9 * size && high - low > 1 / Largest) return (low, high);
        double pad = size >= Smallest ? 0.1 * size : 1;
        return (low - pad, high + pad);
    }

    /// <summary>Dividing by a power of ten rounds once: 3 / 10 is 0.3, where 3 · 0.1 is 0.30000000000000004.</summary>
    private static double Multiple(double mantissa, int exponent) =>
        exponent >= 0 ? mantissa * Math.Pow(10, exponent) : mantissa / Math.Pow(10, -exponent);
}
