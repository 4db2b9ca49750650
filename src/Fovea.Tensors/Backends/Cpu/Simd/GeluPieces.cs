using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// GELU of 16 lanes without an exponential or a division. With t = |x| and Q(t) = Φ(−t), gelu(x) = max(x, 0) − t Q(t),
/// and its derivative is q or 1 − q with q = Q(t) − t φ(t), for x below or above 0. Both t Q(t) and q are polynomials
/// of degree 5 on pieces 0.375 wide, whose coefficients one permutation each picks out of a register. Reweighted least
/// squares in double, rounded, near 0 of the relative error; absolute error 2.1e-8 of t Q(t) and 5e-8 of q, 1.1e-7
/// beyond t = 5.8, where the last value stays.
/// </summary>
internal static class GeluPieces
{
    private const float PerUnit = 8f / 3, Last = 15.49f, Rounding = 12582912;   // 1.5 · 2²³: behind it units are bits

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Value(Vector512<float> x)
    {
        Vector512<int> piece = Piece(x, out Vector512<float> r);
        Vector512<float> p = Pick(piece, Vector512.Create(
            -3.4402296e-05f, -0.00014046035f, -0.00016784533f, -8.347614e-05f, 1.9486662e-05f, 6.551198e-05f,
            5.3009186e-05f, 2.1447388e-05f, 1.891141e-07f, -6.1922487e-06f, -4.9796377e-06f, -2.4845253e-06f,
            -9.2368447e-07f, -2.7186786e-07f, -6.5198904e-08f, -1.2950412e-08f));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.0013298963f, 0.00092406943f, 9.651936e-05f, -0.00056170614f, -0.0007086071f, -0.00046687628f,
            -0.00015374002f, 3.2214775e-05f, 7.9527505e-05f, 5.9615195e-05f, 3.0176556e-05f, 1.17085e-05f,
            3.6504166e-06f, 9.3629046e-07f, 2.0029448e-07f, 3.6054658e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -2.6897326e-06f, 0.0047298158f, 0.006823351f, 0.00572841f, 0.0029882523f, 0.00054917857f, -0.00066686206f,
            -0.000848604f, -0.0005843049f, -0.00029402468f, -0.0001169398f, -3.800344e-05f, -1.0271109e-05f,
            -2.3332364e-06f, -4.486174e-07f, -7.3363864e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -0.056101087f, -0.048614774f, -0.030437464f, -0.010941063f, 0.002276201f, 0.0073303077f, 0.0068347347f,
            0.0043756613f, 0.0021813763f, 0.0008855183f, 0.00029903714f, 8.5021e-05f, 2.0504382e-05f, 4.2155775e-06f,
            7.4145913e-07f, 1.11855925e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.1875f, 0.08039422f, 0.0002903627f, -0.040525015f, -0.04780095f, -0.03696672f, -0.022196155f,
            -0.010900698f, -0.0044796164f, -0.0015589487f, -0.00046268114f, -0.00011763481f, -2.56985e-05f,
            -4.8342213e-06f, -7.8428377e-07f, -1.098658e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0f, 0.13268633f, 0.16997051f, 0.14658134f, 0.10021081f, 0.05699318f, 0.02750506f, 0.011372674f,
            0.0040496932f, 0.0012456396f, 0.00033156504f, 7.646422e-05f, 1.5289612e-05f, 2.6522353e-06f,
            3.9926846e-07f, 5.21759e-08f)));
        return Avx512F.Subtract(Avx512F.Max(Vector512<float>.Zero, x), p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Derivative(Vector512<float> x)
    {
        Vector512<int> piece = Piece(x, out Vector512<float> r);
        Vector512<float> p = Pick(piece, Vector512.Create(
            -0.00043008282f, -0.0002537795f, 0.00010566209f, 0.0002968763f, 0.00021600064f, 3.085168e-05f,
            -7.731666e-05f, -7.744125e-05f, -3.469819e-05f, -3.188805e-06f, 6.7599813e-06f, 5.6787453e-06f,
            2.740659e-06f, 9.63433e-07f, 2.650034e-07f, 5.894107e-08f));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -1.0059715e-05f, -0.0018718068f, -0.0022369435f, -0.0011129087f, 0.00025931004f, 0.0008729647f,
            0.00070665014f, 0.00028606533f, 2.6475734e-06f, -8.250027e-05f, -6.6388486e-05f, -3.3135828e-05f,
            -1.2323194e-05f, -3.6282802e-06f, -8.7042326e-07f, -1.7295268e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.014028153f, 0.009920136f, 0.0010032018f, -0.0060657123f, -0.0076124542f, -0.0049876943f, -0.001620582f,
            0.00036297817f, 0.0008569674f, 0.0006366897f, 0.00032019478f, 0.00012347123f, 3.8252536e-05f,
            9.746158e-06f, 2.0701866e-06f, 3.698363e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -3.3249637e-07f, 0.03783834f, 0.05458662f, 0.045827262f, 0.023906115f, 0.004393529f, -0.0053348704f,
            -0.006788851f, -0.004674463f, -0.0023522095f, -0.0009355197f, -0.00030402586f, -8.216749e-05f,
            -1.866526e-05f, -3.5887324e-06f, -5.8685833e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -0.2992067f, -0.25928175f, -0.16233191f, -0.05834886f, 0.012142267f, 0.03909533f, 0.036451016f,
            0.023335952f, 0.011633601f, 0.0047227275f, 0.0015949438f, 0.00045351186f, 0.00010938883f, 2.2494381e-05f,
            3.957559e-06f, 5.972571e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.5f, 0.2143846f, 0.0007743045f, -0.10806671f, -0.12746921f, -0.09857792f, -0.059189748f, -0.029068526f,
            -0.011945643f, -0.0041571963f, -0.0012338164f, -0.00031369284f, -6.852936e-05f, -1.289127e-05f,
            -2.0914276e-06f, -2.9297655e-07f)));
        return Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, Vector512<float>.Zero),
            Avx512F.Subtract(Vector512.Create(1f), p), p);
    }

    /// <summary>The piece of each lane in its lowest bits, and how far from the piece's middle it is, in widths; NaN
    /// stays in the latter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Piece(Vector512<float> x, out Vector512<float> r)
    {
        Vector512<float> u = Avx512F.Min(Vector512.Create(Last),
            Avx512F.Multiply(Vector512.Abs(x), Vector512.Create(PerUnit)));
        Vector512<float> whole = Avx512F.Add(u, Vector512.Create(Rounding));
        r = Avx512F.Subtract(u, Avx512F.Subtract(whole, Vector512.Create(Rounding)));
        return whole.AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Pick(Vector512<int> piece, Vector512<float> table) =>
        Avx512F.PermuteVar16x32(table, piece);
}
