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
    /// As <see cref="Covering"/> for a logarithmic axis with 0 &lt; <paramref name="low"/>: powers of ten, with their
    /// doubles and fivefolds when the range is short, and even steps when it is shorter still.
    /// </summary>
    public static double[] CoveringLogarithmic(double low, double high, int most)
    {
        // A range without extent is then widened in proportion and stays above zero.
        (low, high) = (Math.Max(low, Smallest), Math.Max(high, Smallest));
        int first = (int)Math.Floor(Math.Log10(low) + Tolerance);
        int last = (int)Math.Ceiling(Math.Log10(high) - Tolerance);
        if (last - first >= 3)
        {
            int stride = (last - first + most - 2) / (most - 1);
            return [.. Enumerable.Range(0, (last - first + stride - 1) / stride + 1)
                .Select(i => Multiple(1, first + i * stride))];
        }

        IEnumerable<int> decades = Enumerable.Range(first, last - first + 1);
        double[] fine = [.. decades.SelectMany(e => new[] { Multiple(1, e), Multiple(2, e), Multiple(5, e) })];
        int from = Array.FindLastIndex(fine, tick => tick <= low * (1 + Tolerance));
        int to = Array.FindIndex(fine, tick => tick >= high * (1 - Tolerance));
        return to - from >= 2 ? fine[from..(to + 1)] : Covering(low, high, most);
    }

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
