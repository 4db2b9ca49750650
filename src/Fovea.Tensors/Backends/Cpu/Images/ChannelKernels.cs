using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Images;

/// <summary>Loops over the planes of one channel, which lie a step apart.</summary>
internal static unsafe class ChannelKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>
    /// Mean and biased variance. Each plane has its own in two passes, the second from the cache; planes are joined in
    /// double (Chan, Golub and LeVeque 1983).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Statistics(float* x, nint step, int planes, int pixels, out float mean, out float variance)
    {
        double average = 0, squares = 0;
        for (int plane = 0; plane < planes; plane++, x += step)
        {
            V sum = V.Zero, other = V.Zero;
            int i = 0;
            for (; i + 2 * V.Count <= pixels; i += 2 * V.Count)
                (sum, other) = (sum + V.Load(x + i), other + V.Load(x + i + V.Count));
            for (; i < pixels; i += V.Count) sum += V.LoadPartial(x + i, Math.Min(V.Count, pixels - i));
            double here = V.Sum(sum + other) / (double)pixels;

            V centre = V.Broadcast((float)here), deviations = V.Zero, deviations2 = V.Zero;
            for (i = 0; i + 2 * V.Count <= pixels; i += 2 * V.Count)
            {
                V d = V.Load(x + i) - centre, d2 = V.Load(x + i + V.Count) - centre;
                (deviations, deviations2) = (V.Fma(d, d, deviations), V.Fma(d2, d2, deviations2));
            }

            float last = 0;
            for (; i < pixels; i++) last = MathF.FusedMultiplyAdd(x[i] - (float)here, x[i] - (float)here, last);
            double difference = here - average, before = (double)plane / (plane + 1);
            squares += V.Sum(deviations + deviations2) + last + difference * difference * pixels * before;
            average += difference / (plane + 1);
        }

        (mean, variance) = ((float)average, (float)(squares / ((double)planes * pixels)));
    }

    /// <summary>y = relu?(x · scale + shift + residual); may work in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Finish(float* x, float* y, int count, float scale, float shift, float* residual, bool relu)
    {
        V a = V.Broadcast(scale), b = V.Broadcast(shift);
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
        {
            V value = V.Fma(V.Load(x + i), a, b);
            if (residual != null) value += V.Load(residual + i);
            V.Store(y + i, relu ? V.Max(V.Zero, value) : value);   // NaN stays
        }

        int left = count - i;
        if (left == 0) return;
        V last = V.Fma(V.LoadPartial(x + i, left), a, b);
        if (residual != null) last += V.LoadPartial(residual + i, left);
        V.StorePartial(y + i, relu ? V.Max(V.Zero, last) : last, left);
    }

    /// <summary>sum += Σ g and product += Σ g (x − mean) over a plane, g being dy where the result is above
    /// 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void SlopeSums(float* x, float* result, float* dy, int count, float mean, ref double sum,
        ref double product)
    {
        V centre = V.Broadcast(mean), sums = V.Zero, products = V.Zero;
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
        {
            V g = V.Load(dy + i);
            if (result != null) g = V.SelectGreaterOrEqual(V.Zero, V.Load(result + i), V.Zero, g);
            sums += g;
            products = V.Fma(g, V.Load(x + i) - centre, products);
        }

        int left = count - i;
        if (left > 0)
        {
            V g = V.LoadPartial(dy + i, left);   // 0 in the other lanes
            if (result != null) g = V.SelectGreaterOrEqual(V.Zero, V.LoadPartial(result + i, left), V.Zero, g);
            sums += g;
            products = V.Fma(g, V.LoadPartial(x + i, left) - centre, products);
        }

        sum += V.Sum(sums);
        product += V.Sum(products);
    }

    /// <summary>dresidual (+)= g and dx (+)= scale · g + ofX · (x − mean) + constant over a plane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Slopes(
        float* x, float* result, float* dy, int count, float mean, float scale, float ofX, float constant,
        float* dx, bool accumulate, float* dresidual, bool accumulateResidual)
    {
        V a = V.Broadcast(scale), b = V.Broadcast(ofX), c = V.Broadcast(constant), centre = V.Broadcast(mean);
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            V g = V.LoadPartial(dy + i, lanes);
            if (result != null) g = V.SelectGreaterOrEqual(V.Zero, V.LoadPartial(result + i, lanes), V.Zero, g);
            if (dresidual != null)
                V.StorePartial(dresidual + i, accumulateResidual ? V.LoadPartial(dresidual + i, lanes) + g : g, lanes);
            if (dx == null) continue;
            V slope = V.Fma(g, a, V.Fma(V.LoadPartial(x + i, lanes) - centre, b, c));
            V.StorePartial(dx + i, accumulate ? V.LoadPartial(dx + i, lanes) + slope : slope, lanes);
        }
    }
}
