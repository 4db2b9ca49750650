namespace Fovea.Tensors.Tests.Backends;

/// <summary>
/// How far a single-precision result may lie from the reference's. The unit is u = 2⁻²⁴, half the distance of
/// neighbouring numbers near 1: one operation errs by at most u of its result.
/// </summary>
/// <param name="Units">Allowed error in units.</param>
/// <param name="Floor">Smallest magnitude the units are taken of, because values near 0 come out of larger ones that
/// cancelled.</param>
/// <param name="Of">What the units are taken of.</param>
internal readonly record struct Rounding(double Units, double Floor, Rounding.Magnitude Of)
{
    private const double Unit = 1.0 / (1 << 24);

    internal enum Magnitude
    {
        Element,
        LargestElement,
        SumOfTerms,
    }

    /// <summary>Nothing is computed, only moved.</summary>
    public static readonly Rounding None = new(0, 0, Magnitude.Element);

    /// <summary>Units of each result itself: functions of single elements.</summary>
    public static Rounding Elements(double units, double floor = 0) => new(units, floor, Magnitude.Element);

    /// <summary>Units of the largest result: operators that mix a row, whose small results come from
    /// cancellation.</summary>
    public static Rounding Rows(double units = 64, double floor = 1) => new(units, floor, Magnitude.LargestElement);

    /// <summary>
    /// Units of Σ |terms|, which is what the reference returns for the inputs' absolute values. The worst case grows
    /// with the number of terms n, but rounding errors come with both signs, so √n bounds what correct code shows; a
    /// missing term is far above it.
    /// </summary>
    public static Rounding Sums(int terms, double units = 8) => new(units + Math.Sqrt(terms), 0, Magnitude.SumOfTerms);

    /// <summary>The allowed error of element <paramref name="i"/>; <paramref name="magnitudes"/> are given for sums
    /// only.</summary>
    public double Allowed(int i, double[] expected, double[]? magnitudes, double largest) =>
        Unit * Units * Math.Max(Floor, Of switch
        {
            Magnitude.Element => Math.Abs(expected[i]),
            Magnitude.LargestElement => largest,
            _ => Math.Abs(magnitudes![i]),
        });
}
