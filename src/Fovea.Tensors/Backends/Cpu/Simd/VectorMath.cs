using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// Elementary functions on vectors. The polynomials are our own minimax fits (reweighted least squares in double); the
/// error given beside each is that of the polynomial, to which single-precision rounding adds a few 2⁻²⁴.
/// </summary>
internal static class VectorMath<V>
    where V : struct, ISimd<V>
{
    private const float Log2E = 1.44269504f, Ln2High = 0.693359375f, Ln2Low = -2.12194440e-4f;

    /// <summary>2ᵗ for t below 128; below -126 it stays 2⁻¹²⁶, near enough to 0 for sums. For softmax. Relative error
    /// 1e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Exp2(V t)
    {
        t = V.Max(V.Broadcast(-126), t);
        V whole = V.Round(t), r = t - whole;
        V p = V.Broadcast(0.0013264723820611835f);
        p = V.Fma(p, r, V.Broadcast(0.009671512991189957f));
        p = V.Fma(p, r, V.Broadcast(0.05550733581185341f));
        p = V.Fma(p, r, V.Broadcast(0.24022242426872253f));
        p = V.Fma(p, r, V.Broadcast(0.6931470036506653f));
        p = V.Fma(p, r, V.Broadcast(1));
        return V.ScaleByPowerOfTwo(p, whole);
    }

    /// <summary>eˣ over the whole range, infinities, denormal results and NaN included. Relative error 3e-9.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Exp(V x)
    {
        V limited = V.Min(V.Broadcast(89), V.Max(V.Broadcast(-104), x));   // beyond: infinity and 0 by the scaling
        V whole = V.Round(limited * V.Broadcast(Log2E));
        V r = V.Fma(whole, V.Broadcast(-Ln2High), limited);
        r = V.Fma(whole, V.Broadcast(-Ln2Low), r);
        V p = V.Broadcast(0.0013814611593261361f);
        p = V.Fma(p, r, V.Broadcast(0.008368710055947304f));
        p = V.Fma(p, r, V.Broadcast(0.04166838899254799f));
        p = V.Fma(p, r, V.Broadcast(0.1666652113199234f));
        p = V.Fma(p, r, V.Broadcast(0.4999999403953552f));
        p = V.Fma(p, r, V.Broadcast(1));
        p = V.Fma(p, r, V.Broadcast(1));
        V half = V.Round(whole * V.Broadcast(0.5f));   // two factors, so that neither over- nor underflows alone
        return V.ScaleByPowerOfTwo(V.ScaleByPowerOfTwo(p, half), whole - half);
    }

    /// <summary>Natural logarithm; 0 gives −∞, negative numbers NaN. Absolute error 6e-9 on the mantissa.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Log(V x)
    {
        V zero = V.Zero, smallest = V.Broadcast(1.17549435e-38f), infinity = V.Broadcast(float.PositiveInfinity);
        // Denormals are lifted into the normal range first.
        V normal = V.SelectGreaterOrEqual(x, smallest, x, x * V.Broadcast(8388608f));
        V lifted = V.SelectGreaterOrEqual(x, smallest, zero, V.Broadcast(-23));
        V z = V.SplitExponent(normal, out V exponent) - V.Broadcast(1);
        exponent += lifted;
        V q = V.Broadcast(-0.07865385711193085f);
        q = V.Fma(q, z, V.Broadcast(0.12879185378551483f));
        q = V.Fma(q, z, V.Broadcast(-0.13125312328338623f));
        q = V.Fma(q, z, V.Broadcast(0.1418142318725586f));
        q = V.Fma(q, z, V.Broadcast(-0.16624967753887177f));
        q = V.Fma(q, z, V.Broadcast(0.20002281665802002f));
        q = V.Fma(q, z, V.Broadcast(-0.2500079572200775f));
        q = V.Fma(q, z, V.Broadcast(0.33333316445350647f));
        V square = z * z;
        V y = V.Fma(square * z, q, exponent * V.Broadcast(Ln2Low));
        y = V.Fma(square, V.Broadcast(-0.5f), y) + z;
        y = V.Fma(exponent, V.Broadcast(Ln2High), y);
        y = V.SelectGreaterOrEqual(x, infinity, x, y);
        // 0, or below, or NaN
        V invalid = V.SelectGreaterOrEqual(x, zero, V.Broadcast(float.NegativeInfinity), V.Broadcast(float.NaN));
        return V.SelectGreaterOrEqual(x, V.Broadcast(float.Epsilon), y, invalid);
    }

    /// <summary>Hyperbolic tangent: a polynomial near 0, else 1 − 2/(e²ˣ+1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Tanh(V x)
    {
        V magnitude = V.Abs(x), square = x * x;
        V q = V.Broadcast(-0.005721625871956348f);
        q = V.Fma(q, square, V.Broadcast(0.02065521478652954f));
        q = V.Fma(q, square, V.Broadcast(-0.05374514311552048f));
        q = V.Fma(q, square, V.Broadcast(0.13331514596939087f));
        q = V.Fma(q, square, V.Broadcast(-0.3333328366279602f));
        V near = V.Fma(q * square, x, x);
        V far = V.Broadcast(1) - V.Broadcast(2) / (Exp(magnitude + magnitude) + V.Broadcast(1));
        far = V.SelectGreaterOrEqual(x, V.Zero, far, V.Zero - far);
        return V.SelectGreaterOrEqual(magnitude, V.Broadcast(0.625f), far, near);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V Sigmoid(V x) => V.Broadcast(1) / (V.Broadcast(1) + Exp(V.Zero - x));

    /// <summary>
    /// The standard normal distribution Φ(x) and its density φ(x): Φ(−t) = e^(−t²/2) · u · P(u) with u = 1/(1 + 0.3 t).
    /// Absolute error 4e-8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static V NormalCdf(V x, out V density)
    {
        V t = V.Abs(x), u = V.Broadcast(1) / V.Fma(t, V.Broadcast(0.3f), V.Broadcast(1));
        V bell = Exp2(x * x * V.Broadcast(-0.5f * Log2E));
        V p = V.Broadcast(-0.06221145763993263f);
        p = V.Fma(p, u, V.Broadcast(0.15342779457569122f));
        p = V.Fma(p, u, V.Broadcast(0.08602389693260193f));
        p = V.Fma(p, u, V.Broadcast(0.06134212762117386f));
        p = V.Fma(p, u, V.Broadcast(0.14638923108577728f));
        p = V.Fma(p, u, V.Broadcast(0.11502837389707565f));
        V tail = p * u * bell;
        density = bell * V.Broadcast(0.398942280f);
        return V.SelectGreaterOrEqual(x, V.Zero, V.Broadcast(1) - tail, tail);
    }
}
