using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <content>Lion, Adan, schedule-free AdamW, and the cautious step.</content>
internal static unsafe partial class OptimiserKernels<V>
{
    /// <inheritdoc cref="LionArguments"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Lion(in LionArguments a, float* p, float* g, float* m, int count)
    {
        V rate = Constant(-a.LearningRate), shrink = Constant(1 - a.LearningRate * a.WeightDecay);
        V factor = Constant(a.GradientScale), one = V.Broadcast(1);
        V keep1 = Constant(a.Beta1), take1 = Constant(1 - a.Beta1), keep2 = Constant(a.Beta2),
            take2 = Constant(1 - a.Beta2);
        for (int i = 0; i < count; i += V.Count)
        {
            V gradient = V.Load(g + i) * factor, mean = V.Load(m + i);
            V direction = V.Fma(mean, keep1, take1 * gradient);
            V sign = V.SelectGreaterOrEqual(direction, V.Zero, one, V.Zero)
                - V.SelectGreaterOrEqual(V.Zero, direction, one, V.Zero);
            V.Store(m + i, V.Fma(mean, keep2, take2 * gradient));
            V.Store(p + i, V.Fma(sign, rate, V.Load(p + i) * shrink));
        }
    }

    /// <inheritdoc cref="AdanArguments"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Adan(in AdanArguments a, float* p, float* g, float* m, float* v, float* n, float* before,
        int count)
    {
        (double first, double second, double third) = a.Corrections;
        double shrink = 1 / (1 + a.LearningRate * a.WeightDecay);
        V rate = Constant(-a.LearningRate * shrink), keep = Constant(shrink), factor = Constant(a.GradientScale);
        V keep1 = Constant(a.Beta1), take1 = Constant(1 - a.Beta1), keep2 = Constant(a.Beta2),
            take2 = Constant(1 - a.Beta2), keep3 = Constant(a.Beta3), take3 = Constant(1 - a.Beta3);
        V scale1 = Constant(1 / first), scale2 = Constant(a.Beta2 / second), root = Constant(1 / Math.Sqrt(third)),
            epsilon = Constant(a.Epsilon);
        for (int i = 0; i < count; i += V.Count)
        {
            V gradient = V.Load(g + i) * factor;
            V difference = a.Step == 1 ? V.Zero : gradient - V.Load(before + i);
            V mean = V.Fma(V.Load(m + i), keep1, take1 * gradient);
            V slope = V.Fma(V.Load(v + i), keep2, take2 * difference);
            V ahead = V.Fma(difference, keep2, gradient);
            V square = V.Fma(V.Load(n + i), keep3, take3 * ahead * ahead);
            V.Store(m + i, mean);
            V.Store(v + i, slope);
            V.Store(n + i, square);
            V.Store(before + i, gradient);
            V change = V.Fma(slope, scale2, mean * scale1) / V.Fma(V.Sqrt(square), root, epsilon);
            V.Store(p + i, V.Fma(change, rate, V.Load(p + i) * keep));
        }
    }

    /// <inheritdoc cref="ScheduleFreeArguments"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ScheduleFree(in ScheduleFreeArguments a, float* y, float* g, float* z, float* v, int count)
    {
        V rate = Constant(-a.LearningRate), ahead = Constant(a.LearningRate * (a.Beta1 * (1 - a.Share) - 1));
        V share = Constant(a.Share), decay = Constant(a.WeightDecay), factor = Constant(a.GradientScale),
            epsilon = Constant(a.Epsilon), keep = Constant(a.Beta2), take = Constant(1 - a.Beta2);
        for (int i = 0; i < count; i += V.Count)
        {
            V gradient = V.Load(g + i) * factor, point = V.Load(y + i), end = a.First ? point : V.Load(z + i);
            V variance = V.Fma(V.Load(v + i), keep, take * gradient * gradient);
            V change = V.Fma(decay, point, gradient / (V.Sqrt(variance) + epsilon));
            V.Store(v + i, variance);
            V.Store(y + i, V.Fma(change, ahead, V.Fma(end - point, share, point)));
            V.Store(z + i, V.Fma(change, rate, end));
        }
    }

    /// <summary>Elements in which a change goes against the gradient.</summary>
    internal static int Agreeing(float* d, float* g, int count)
    {
        int agreeing = 0;
        for (int i = 0; i < count; i++) agreeing += IsAgreeing(d[i], g[i]) ? 1 : 0;
        return agreeing;
    }

    /// <inheritdoc cref="CautiousArguments"/>
    internal static void Cautious(in CautiousArguments a, double scale, float* p, float* g, float* d, int count)
    {
        float keep = (float)a.Keep, rate = (float)(a.Rate * scale);
        for (int i = 0; i < count; i++)
            p[i] = MathF.FusedMultiplyAdd(IsAgreeing(d[i], g[i]) ? d[i] : 0, rate, p[i] * keep);
    }

    /// <summary>By the signs: a product of small numbers could vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAgreeing(float d, float g) => (d > 0 && g < 0) || (d < 0 && g > 0);
}
