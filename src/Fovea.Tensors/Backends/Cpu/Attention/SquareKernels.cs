using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>
/// Kernel attention where a head has as many features and elements as a register has lanes: the square that rows are
/// multiplied with, or summed into, stays in registers from the first row to the last. Rows are read where they lie.
/// </summary>
internal static unsafe class SquareKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>Registers hold such a square beside what else is needed.</summary>
    /// <param name="features">Features of a query or key.</param>
    /// <param name="headDim">Elements of a value.</param>
    internal static bool Fits(int features, int headDim) =>
        V.Count is 8 or 16 && features == V.Count && headDim == V.Count;

    /// <summary>square += Σ_i f_i r_iᵀ and sums += Σ_i w_i f_i.</summary>
    /// <param name="square">Rows <paramref name="squareStride"/> apart, one per feature.</param>
    /// <param name="squareStride">Elements from one of its rows to the next.</param>
    /// <param name="sums">One per feature.</param>
    /// <param name="f">Features, rows <paramref name="fStride"/> apart.</param>
    /// <param name="fStride">Elements from one row to the next.</param>
    /// <param name="r">Right rows, <paramref name="rStride"/> apart.</param>
    /// <param name="rStride">Elements from one row to the next.</param>
    /// <param name="w">Weights, <paramref name="wStride"/> apart.</param>
    /// <param name="wStride">0: the same for all.</param>
    /// <param name="count">Rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Add(float* square, nint squareStride, float* sums, float* f, nint fStride, float* r,
        nint rStride, float* w, nint wStride, int count)
    {
        float* next = square;
        V s0 = Take(ref next, squareStride), s1 = Take(ref next, squareStride), s2 = Take(ref next, squareStride),
            s3 = Take(ref next, squareStride), s4 = Take(ref next, squareStride), s5 = Take(ref next, squareStride),
            s6 = Take(ref next, squareStride), s7 = Take(ref next, squareStride);
        V s8 = V.Zero, s9 = V.Zero, s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero, s14 = V.Zero, s15 = V.Zero;
        if (V.Count == 16)
        {
            (s8, s9) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s10, s11) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s12, s13) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s14, s15) = (Take(ref next, squareStride), Take(ref next, squareStride));
        }

        V total = V.Load(sums);
        for (int i = 0; i < count; i++, f += fStride, r += rStride, w += wStride)
        {
            V.Prefetch(r + HeadRows<V>.Ahead * rStride);
            V row = V.Load(r);
            total = V.Fma(w, V.Load(f), total);
            s0 = V.Fma(f, row, s0);
            s1 = V.Fma(f + 1, row, s1);
            s2 = V.Fma(f + 2, row, s2);
            s3 = V.Fma(f + 3, row, s3);
            s4 = V.Fma(f + 4, row, s4);
            s5 = V.Fma(f + 5, row, s5);
            s6 = V.Fma(f + 6, row, s6);
            s7 = V.Fma(f + 7, row, s7);
            if (V.Count != 16) continue;
            s8 = V.Fma(f + 8, row, s8);
            s9 = V.Fma(f + 9, row, s9);
            s10 = V.Fma(f + 10, row, s10);
            s11 = V.Fma(f + 11, row, s11);
            s12 = V.Fma(f + 12, row, s12);
            s13 = V.Fma(f + 13, row, s13);
            s14 = V.Fma(f + 14, row, s14);
            s15 = V.Fma(f + 15, row, s15);
        }

        V.Store(sums, total);
        next = square;
        Put(ref next, squareStride, s0);
        Put(ref next, squareStride, s1);
        Put(ref next, squareStride, s2);
        Put(ref next, squareStride, s3);
        Put(ref next, squareStride, s4);
        Put(ref next, squareStride, s5);
        Put(ref next, squareStride, s6);
        Put(ref next, squareStride, s7);
        if (V.Count != 16) return;
        Put(ref next, squareStride, s8);
        Put(ref next, squareStride, s9);
        Put(ref next, squareStride, s10);
        Put(ref next, squareStride, s11);
        Put(ref next, squareStride, s12);
        Put(ref next, squareStride, s13);
        Put(ref next, squareStride, s14);
        Put(ref next, squareStride, s15);
    }

    /// <summary>y_i = n_i / z_i with n_i = Σ_e f_ie square_e and z_i = f_i · sums + ε.</summary>
    /// <param name="f">Features, rows <paramref name="fStride"/> apart.</param>
    /// <param name="fStride">Elements from one row to the next.</param>
    /// <param name="square">Rows <paramref name="squareStride"/> apart.</param>
    /// <param name="squareStride">Elements from one of its rows to the next.</param>
    /// <param name="sums">One per feature.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="y">Results, <paramref name="yStride"/> apart.</param>
    /// <param name="yStride">Elements from one result to the next.</param>
    /// <param name="normalizers">Gets z, one per row.</param>
    /// <param name="count">Rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Read(float* f, nint fStride, float* square, nint squareStride, float* sums, float epsilon,
        float* y, nint yStride, float* normalizers, int count)
    {
        float* next = square;
        V s0 = Take(ref next, squareStride), s1 = Take(ref next, squareStride), s2 = Take(ref next, squareStride),
            s3 = Take(ref next, squareStride), s4 = Take(ref next, squareStride), s5 = Take(ref next, squareStride),
            s6 = Take(ref next, squareStride), s7 = Take(ref next, squareStride);
        V s8 = V.Zero, s9 = V.Zero, s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero, s14 = V.Zero, s15 = V.Zero;
        if (V.Count == 16)
        {
            (s8, s9) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s10, s11) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s12, s13) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s14, s15) = (Take(ref next, squareStride), Take(ref next, squareStride));
        }

        V total = V.Load(sums);
        for (int i = 0; i < count; i++, f += fStride, y += yStride)
        {
            float z = V.Sum(V.Load(f) * total) + epsilon;
            V even = V.Broadcast(*f) * s0, odd = V.Broadcast(f[1]) * s1;
            even = V.Fma(f + 2, s2, even);
            odd = V.Fma(f + 3, s3, odd);
            even = V.Fma(f + 4, s4, even);
            odd = V.Fma(f + 5, s5, odd);
            even = V.Fma(f + 6, s6, even);
            odd = V.Fma(f + 7, s7, odd);
            if (V.Count == 16)
            {
                even = V.Fma(f + 8, s8, even);
                odd = V.Fma(f + 9, s9, odd);
                even = V.Fma(f + 10, s10, even);
                odd = V.Fma(f + 11, s11, odd);
                even = V.Fma(f + 12, s12, even);
                odd = V.Fma(f + 13, s13, odd);
                even = V.Fma(f + 14, s14, even);
                odd = V.Fma(f + 15, s15, odd);
            }

            normalizers[i] = z;
            V.Store(y, (even + odd) * V.Broadcast(1 / z));
        }
    }

    /// <summary>to_i (+)= f'_i · (Σ_c r_ic square_c + w_i · bias), where f' = min(f, 1) is the derivative of elu + 1.
    /// </summary>
    /// <param name="r">Rows, <paramref name="rStride"/> apart.</param>
    /// <param name="rStride">Elements from one row to the next.</param>
    /// <param name="square">Rows <paramref name="squareStride"/> apart.</param>
    /// <param name="squareStride">Elements from one of its rows to the next.</param>
    /// <param name="bias">One per lane; null: 0.</param>
    /// <param name="w">Weights, <paramref name="wStride"/> apart.</param>
    /// <param name="wStride">0: the same for all.</param>
    /// <param name="features">f, rows <paramref name="featuresStride"/> apart; null: f' is 1.</param>
    /// <param name="featuresStride">Elements from one row to the next.</param>
    /// <param name="to">Results, <paramref name="toStride"/> apart.</param>
    /// <param name="toStride">Elements from one result to the next.</param>
    /// <param name="accumulate">Add to what is there.</param>
    /// <param name="count">Rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Multiply(float* r, nint rStride, float* square, nint squareStride, float* bias, float* w,
        nint wStride, float* features, nint featuresStride, float* to, nint toStride, bool accumulate, int count)
    {
        float* next = square;
        V s0 = Take(ref next, squareStride), s1 = Take(ref next, squareStride), s2 = Take(ref next, squareStride),
            s3 = Take(ref next, squareStride), s4 = Take(ref next, squareStride), s5 = Take(ref next, squareStride),
            s6 = Take(ref next, squareStride), s7 = Take(ref next, squareStride);
        V s8 = V.Zero, s9 = V.Zero, s10 = V.Zero, s11 = V.Zero, s12 = V.Zero, s13 = V.Zero, s14 = V.Zero, s15 = V.Zero;
        if (V.Count == 16)
        {
            (s8, s9) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s10, s11) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s12, s13) = (Take(ref next, squareStride), Take(ref next, squareStride));
            (s14, s15) = (Take(ref next, squareStride), Take(ref next, squareStride));
        }

        V shift = bias == null ? V.Zero : V.Load(bias), one = V.Broadcast(1);
        for (int i = 0; i < count; i++, r += rStride, w += wStride, to += toStride)
        {
            V even = V.Fma(w, shift, V.Broadcast(*r) * s0), odd = V.Broadcast(r[1]) * s1;
            even = V.Fma(r + 2, s2, even);
            odd = V.Fma(r + 3, s3, odd);
            even = V.Fma(r + 4, s4, even);
            odd = V.Fma(r + 5, s5, odd);
            even = V.Fma(r + 6, s6, even);
            odd = V.Fma(r + 7, s7, odd);
            if (V.Count == 16)
            {
                even = V.Fma(r + 8, s8, even);
                odd = V.Fma(r + 9, s9, odd);
                even = V.Fma(r + 10, s10, even);
                odd = V.Fma(r + 11, s11, odd);
                even = V.Fma(r + 12, s12, even);
                odd = V.Fma(r + 13, s13, odd);
                even = V.Fma(r + 14, s14, even);
                odd = V.Fma(r + 15, s15, odd);
            }

            V result = even + odd;
            if (features != null)
            {
                result *= V.Min(V.Load(features), one);
                features += featuresStride;
            }

            V.Store(to, accumulate ? V.Load(to) + result : result);
        }
    }

    private static V Take(ref float* row, nint stride)
    {
        V value = V.Load(row);
        row += stride;
        return value;
    }

    private static void Put(ref float* row, nint stride, V value)
    {
        V.Store(row, value);
        row += stride;
    }
}
