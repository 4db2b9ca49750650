using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>The first step backwards through kernel attention: the division y = n / z.</summary>
internal static unsafe class KernelGradients<V>
    where V : struct, ISimd<V>
{
    /// <summary>Rows [dn, dz, 0 ...] with dn = dy / z and dz = −(dy·y) / z.</summary>
    /// <param name="y">Results, rows <paramref name="stride"/> apart.</param>
    /// <param name="dy">Their gradients, laid out the same.</param>
    /// <param name="stride">Elements from one token to the next.</param>
    /// <param name="width">headDim.</param>
    /// <param name="normalizers">z, one per token.</param>
    /// <param name="count">Tokens.</param>
    /// <param name="to">Result rows.</param>
    /// <param name="toStride">Elements from one of them to the next: headDim + 1 up to a whole number of
    /// vectors.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Fill(float* y, float* dy, nint stride, int width, float* normalizers, int count, float* to,
        int toStride)
    {
        for (int i = 0; i < count; i++, y += stride, dy += stride, to += toStride)
        {
            float inverse = 1 / normalizers[i];
            V factor = V.Broadcast(inverse), dot = V.Zero;
            V.Store(to + toStride - V.Count, V.Zero);   // the padding lies in the last vector
            for (int e = 0; e < width; e += V.Count)
            {
                int lanes = Math.Min(V.Count, width - e);
                if (lanes == V.Count)
                {
                    V.Prefetch(dy + e + HeadRows<V>.Ahead * stride);
                    V.Prefetch(y + e + HeadRows<V>.Ahead * stride);
                    V whole = V.Load(dy + e) * factor;
                    dot = V.Fma(whole, V.Load(y + e), dot);
                    V.Store(to + e, whole);
                    continue;
                }

                V gradient = V.LoadPartial(dy + e, lanes) * factor;
                dot = V.Fma(gradient, V.LoadPartial(y + e, lanes), dot);
                V.StorePartial(to + e, gradient, lanes);
            }

            to[width] = -V.Sum(dot);
        }
    }
}
