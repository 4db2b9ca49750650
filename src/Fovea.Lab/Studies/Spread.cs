namespace Fovea.Lab.Studies;

/// <summary>Several measurements of one quantity: their mean and how far they spread.</summary>
/// <param name="Values">The measurements; not all need to be there.</param>
public sealed record Spread(IReadOnlyList<double> Values)
{
    /// <summary>Arithmetic mean; NaN of nothing.</summary>
    public double Mean { get; } = Values.Count > 0 ? Values.Average() : double.NaN;

    /// <summary>Standard deviation of a sample (divided by n − 1); NaN of fewer than two.</summary>
    public double Std { get; } = Values.Count > 1 ? StdOf(Values) : double.NaN;

    /// <summary>Smallest value; NaN of nothing.</summary>
    public double Least { get; } = Values.DefaultIfEmpty(double.NaN).Min();

    /// <summary>Largest value; NaN of nothing.</summary>
    public double Most { get; } = Values.DefaultIfEmpty(double.NaN).Max();

    /// <summary>The measurements that are there.</summary>
    public static Spread Of(IEnumerable<double?> values) => new([.. values.OfType<double>()]);

    private static double StdOf(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
