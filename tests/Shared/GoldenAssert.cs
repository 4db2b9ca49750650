namespace Fovea.Tests;

/// <summary>Comparison with recorded values: <c>|actual − expected| ≤ absolute + relative · |expected|</c> for every
/// element.</summary>
internal static class GoldenAssert
{
    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double absolute, double relative,
        string name = "result") =>
        Close(Widened(expected), Widened(actual), absolute, relative, name);

    public static void Close(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double absolute,
        double relative,
        string name = "result")
    {
        Assert.True(expected.Length == actual.Length,
            $"{name}: {expected.Length} elements expected, got {actual.Length}.");
        int worst = -1;
        double worstExcess = 1;   // error in units of what is allowed
        for (int i = 0; i < expected.Length; i++)
        {
            double excess = Excess(expected[i], actual[i], absolute, relative);
            if (excess > worstExcess) (worst, worstExcess) = (i, excess);
        }

        if (worst < 0) return;
        Assert.Fail(
            $"{name}: worst of {expected.Length} elements is number {worst}: expected {expected[worst]:G9}, got "
                + $"{actual[worst]:G9}; "
            + $"the difference is {worstExcess:G3} times the tolerance (absolute {absolute:G3}, relative "
            + $"{relative:G3}).");
    }

    /// <summary>NaN and infinities must be met exactly.</summary>
    private static double Excess(double expected, double actual, double absolute, double relative)
    {
        if (expected.Equals(actual)) return 0;
        double error = Math.Abs(actual - expected);
        if (!double.IsFinite(error)) return double.PositiveInfinity;
        return error == 0 ? 0 : error / (absolute + relative * Math.Abs(expected));
    }

    private static double[] Widened(ReadOnlySpan<float> values)
    {
        double[] wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = values[i];
        return wide;
    }
}
