using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// GELU of 16 lanes without an exponential or a division. With t = |x| and Q(t) = Φ(−t), gelu(x) = max(x, 0) − t Q(t),
/// and its derivative is q or 1 − q with q = Q(t) − t φ(t), for x below or above 0. Both t Q(t) and q are polynomials
/// of degree 6 on pieces 0.375 wide, whose coefficients one permutation each picks out of a register. Reweighted least
/// squares in double, rounded, near 0 of the relative error; absolute error 1.5e-8 of t Q(t) and 3e-8 of q, 1.1e-7
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
            -2.7070846e-05f, -1.5883174e-05f, 6.6264856e-06f, 1.8589028e-05f, 1.351206e-05f, 1.9173983e-06f,
            -4.845843e-06f, -4.8447923e-06f, -2.1668104e-06f, -1.9659909e-07f, 4.23732e-07f, 3.5506585e-07f,
            1.7112748e-07f, 6.008696e-08f, 1.6508922e-08f, 3.6676315e-09f));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -5.0287736e-07f, -0.0001406458f, -0.00016802245f, -8.350104e-05f, 1.9582736e-05f, 6.560187e-05f,
            5.3035335e-05f, 2.142831e-05f, 1.6556703e-07f, -6.2028616e-06f, -4.9809464e-06f, -2.4828603e-06f,
            -9.2230175e-07f, -2.712381e-07f, -6.499292e-08f, -1.2898109e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.0013150218f, 0.0009300226f, 9.4040006e-05f, -0.00056867575f, -0.000713673f, -0.00046759148f,
            -0.00015192348f, 3.4031324e-05f, 8.033987e-05f, 5.9688446e-05f, 3.0017707e-05f, 1.1575363e-05f,
            3.5862488e-06f, 9.1375966e-07f, 1.9410419e-07f, 3.4679434e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -1.8926519e-08f, 0.0047298735f, 0.006823406f, 0.0057284175f, 0.0029882223f, 0.00054915063f,
            -0.0006668702f, -0.0008485981f, -0.0005842976f, -0.0002940214f, -0.000116939395f, -3.800396e-05f,
            -1.0271541e-05f, -2.3334333e-06f, -4.486818e-07f, -7.338021e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -0.05610126f, -0.048615333f, -0.030437233f, -0.01094041f, 0.0022766758f, 0.007330374f, 0.0068345643f,
            0.004375491f, 0.0021813002f, 0.0008855116f, 0.00029905202f, 8.503348e-05f, 2.0510397e-05f, 4.21769e-06f,
            7.420394e-07f, 1.1198483e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.1875f, 0.08039422f, 0.00029035928f, -0.040525015f, -0.04780095f, -0.03696672f, -0.022196155f,
            -0.010900698f, -0.004479617f, -0.0015589489f, -0.00046268117f, -0.00011763477f, -2.5698473e-05f,
            -4.834209e-06f, -7.8427973e-07f, -1.0986478e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0f, 0.13268633f, 0.16997051f, 0.14658134f, 0.1002108f, 0.05699318f, 0.027505064f, 0.011372677f,
            0.004049694f, 0.0012456398f, 0.0003315648f, 7.646404e-05f, 1.5289528e-05f, 2.652206e-06f, 3.992604e-07f,
            5.217411e-08f)));
        return Avx512F.Subtract(Avx512F.Max(Vector512<float>.Zero, x), p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Derivative(Vector512<float> x)
    {
        Vector512<int> piece = Piece(x, out Vector512<float> r);
        Vector512<float> p = Pick(piece, Vector512.Create(
            1.6849164e-05f, 5.5499713e-05f, 5.36751e-05f, 7.199549e-06f, -2.867034e-05f, -2.7623753e-05f,
            -7.8354815e-06f, 5.66914e-06f, 7.037804e-06f, 3.2762712e-06f, 3.9193839e-07f, -4.9587516e-07f,
            -4.1341363e-07f, -1.885314e-07f, -6.1721735e-08f, -1.568518e-08f));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -0.0004550603f, -0.000254061f, 0.00010595177f, 0.0002972995f, 0.00021615469f, 3.071284e-05f,
            -7.748945e-05f, -7.750137e-05f, -3.467469e-05f, -3.1542638e-06f, 6.7756114e-06f, 5.6806034e-06f,
            2.7385624e-06f, 9.618013e-07f, 2.6431562e-07f, 5.8734102e-08f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            3.7328175e-06f, -0.0018926132f, -0.0022570668f, -0.0011155846f, 0.0002700577f, 0.00088332157f,
            0.0007095852f, 0.00028394096f, 8.811114e-09f, -8.3728606e-05f, -6.653499e-05f, -3.2949945e-05f,
            -1.216818e-05f, -3.5575868e-06f, -8.472796e-07f, -1.670713e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.01402469f, 0.009920225f, 0.0010031112f, -0.006065843f, -0.0076125027f, -0.004987651f, -0.001620528f,
            0.00036299694f, 0.00085696f, 0.00063667895f, 0.0003201899f, 0.00012347066f, 3.825319e-05f, 9.746667e-06f,
            2.0704015e-06f, 3.69901e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            4.8119958e-08f, 0.037840288f, 0.054588508f, 0.045827508f, 0.023905108f, 0.0043925582f, -0.005335145f,
            -0.006788652f, -0.004674216f, -0.0023520943f, -0.000935506f, -0.0003040433f, -8.218202e-05f,
            -1.8671886e-05f, -3.5909018e-06f, -5.8740966e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            -0.2992067f, -0.25928175f, -0.16233191f, -0.058348853f, 0.012142271f, 0.039095327f, 0.036451012f,
            0.023335952f, 0.011633601f, 0.0047227284f, 0.001594944f, 0.0004535119f, 0.000109388784f, 2.2494349e-05f,
            3.9575452e-06f, 5.9725306e-07f)));
        p = Avx512F.FusedMultiplyAdd(p, r, Pick(piece, Vector512.Create(
            0.5f, 0.21438457f, 0.0007742783f, -0.10806671f, -0.1274692f, -0.0985779f, -0.059189744f, -0.029068528f,
            -0.011945647f, -0.0041571977f, -0.0012338165f, -0.0003136926f, -6.852916e-05f, -1.2891178e-05f,
            -2.0913976e-06f, -2.929689e-07f)));
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
