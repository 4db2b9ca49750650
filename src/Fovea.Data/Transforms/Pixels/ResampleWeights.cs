using System.Runtime.Intrinsics;

namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// Weights that turn a row of <c>from</c> samples into one of <c>to</c> samples, in 22-bit fixed point:
/// <c>y_i = clip8((2²¹ + Σ_j w_ij · x_(start_i + j)) >> 22)</c>.
/// </summary>
/// <remarks>
/// Bit for bit what Pillow computes (<c>precompute_coeffs</c> and <c>normalize_coeffs_8bpc</c> in
/// <c>src/libImaging/Resample.c</c>): the filter's support is widened by the scale when shrinking, and weights are
/// normalised in double before they are rounded.
/// </remarks>
internal sealed class ResampleWeights
{
    private const int Precision = 32 - 8 - 2;
    private (int From, int To, Interpolation Filter) _for;
    private int[] _starts = [], _counts = [], _weights = [];
    private double[] _exact = [];
    private int _stride;

    /// <summary>Computes the weights, unless the ones at hand are already these.</summary>
    public void Prepare(int from, int to, Interpolation filter)
    {
        if (_for == (from, to, filter)) return;
        double scale = (double)from / to, widening = Math.Max(scale, 1);
        double support = Reach(filter) * widening;
        _stride = (int)Math.Ceiling(support) * 2 + 1;
        if (_starts.Length < to) (_starts, _counts) = (new int[to], new int[to]);
        if (_weights.Length < to * _stride) _weights = new int[to * _stride];
        if (_exact.Length < _stride) _exact = new double[_stride];

        for (int i = 0; i < to; i++)
        {
            double centre = (i + 0.5) * scale;
            int start = Math.Max(0, (int)(centre - support + 0.5)), end = Math.Min(from, (int)(centre + support + 0.5));
            (_starts[i], _counts[i]) = (start, end - start);
            Span<double> exact = _exact.AsSpan(0, end - start);
            double sum = 0;
            for (int j = 0; j < exact.Length; j++)
                sum += exact[j] = Filter(filter, (start + j - centre + 0.5) / widening);
            for (int j = 0; j < exact.Length; j++)
                _weights[i * _stride + j] = Fixed(sum == 0 ? exact[j] : exact[j] / sum);
        }

        _for = (from, to, filter);
    }

    /// <summary>The first source sample that counts for target <paramref name="i"/>, and the weights from there
    /// on.</summary>
    public ReadOnlySpan<int> Of(int i, out int start)
    {
        start = _starts[i];
        return _weights.AsSpan(i * _stride, _counts[i]);
    }

    /// <summary>A weighted sum of bytes, rounded and clipped.</summary>
    public static byte Round(int sum) => (byte)Math.Clamp((sum + (1 << (Precision - 1))) >> Precision, 0, 255);

    /// <inheritdoc cref="Round(int)"/>
    public static Vector256<int> Round(Vector256<int> sums) =>
        Vector256.Clamp((sums + Vector256.Create(1 << (Precision - 1))) >> Precision, Vector256<int>.Zero,
            Vector256.Create(255));

    private static int Fixed(double weight) => (int)(weight * (1 << Precision) + (weight < 0 ? -0.5 : 0.5));

    private static double Reach(Interpolation filter) => filter switch
    {
        Interpolation.Box => 0.5,
        Interpolation.Bicubic => 2,
        Interpolation.Lanczos => 3,
        _ => 1,
    };

    private static double Filter(Interpolation filter, double x) => filter switch
    {
        Interpolation.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        Interpolation.Bicubic => Cubic(Math.Abs(x)),
        Interpolation.Lanczos => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        _ => Math.Max(0, 1 - Math.Abs(x)),
    };

    private static double Cubic(double x)
    {
        const double A = -0.5;
        if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
