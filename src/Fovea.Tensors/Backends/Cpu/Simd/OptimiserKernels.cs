using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>
/// One pass over parameter, gradient and state. Whole vectors only: buffers reach to the next multiple of 16 elements,
/// and what lies beyond the count is never read by anyone else.
/// </summary>
internal static unsafe partial class OptimiserKernels<V>
    where V : struct, ISimd<V>
{
    internal static double SumOfSquares(float* x, int count)
    {
        const int Run = 1024;   // short single-precision runs, added up in double
        double total = 0;
        for (int start = 0; start < count; start += Run)
        {
            V sum = V.Zero;
            int end = Math.Min(count, start + Run), i = start;
            for (; i + V.Count <= end; i += V.Count)
            {
                V value = V.Load(x + i);
                sum = V.Fma(value, value, sum);
            }

            total += V.Sum(sum);
            for (; i < end; i++) total += (double)x[i] * x[i];
        }

        return total;
    }

    /// <inheritdoc cref="SgdArguments"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Sgd(in SgdArguments a, float* p, float* g, float* m, int count)
    {
        V rate = Constant(-a.LearningRate), decay = Constant(a.WeightDecay), factor = Constant(a.GradientScale);
        V keep = Constant(a.Momentum), take = Constant(1 - a.Dampening);
        for (int i = 0; i < count; i += V.Count)
        {
            V value = V.Load(p + i), gradient = V.Fma(V.Load(g + i), factor, decay * value), step = gradient;
            if (m != null)
            {
                V momentum = a.First ? gradient : V.Fma(V.Load(m + i), keep, gradient * take);
                V.Store(m + i, momentum);
                step = a.Nesterov ? V.Fma(momentum, keep, gradient) : momentum;
            }

            V.Store(p + i, V.Fma(step, rate, value));
        }
    }

    /// <inheritdoc cref="AdamArguments"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Adam(in AdamArguments a, float* p, float* g, float* m, float* v, float* maximum, int count)
    {
        double correction1 = 1 - Math.Pow(a.Beta1, a.Step), correction2 = 1 - Math.Pow(a.Beta2, a.Step);
        V rate = Constant(-a.LearningRate / correction1), root = Constant(1 / Math.Sqrt(correction2));
        V epsilon = Constant(a.Epsilon), factor = Constant(a.GradientScale);
        V keep1 = Constant(a.Beta1), take1 = Constant(1 - a.Beta1), keep2 = Constant(a.Beta2),
            take2 = Constant(1 - a.Beta2);
        V shrink = Constant(a.Decoupled ? 1 - a.LearningRate * a.WeightDecay : 1),
            l2 = Constant(a.Decoupled ? 0 : a.WeightDecay);
        for (int i = 0; i < count; i += V.Count)
        {
            V value = V.Load(p + i), gradient = V.Fma(V.Load(g + i), factor, l2 * value);
            V mean = V.Fma(V.Load(m + i), keep1, take1 * gradient);
            V variance = V.Fma(V.Load(v + i), keep2, take2 * gradient * gradient);
            V.Store(m + i, mean);
            V.Store(v + i, variance);
            if (maximum != null)
            {
                variance = V.Max(V.Load(maximum + i), variance);
                V.Store(maximum + i, variance);
            }

            V denominator = V.Fma(V.Sqrt(variance), root, epsilon);
            V.Store(p + i, V.Fma(mean / denominator, rate, value * shrink));
        }
    }

    /// <summary>The moments of LAMB, and the sums of squares of what is there and of the change: vectors in single
    /// precision over short runs, added up in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static (double Weights, double Changes) LambMoments(
        in LambArguments a, float* p, float* g, float* m, float* v, int count)
    {
        const int Run = 1024;
        (V scale, V root) = Corrections(a);
        V epsilon = Constant(a.Epsilon), decay = Constant(a.WeightDecay), factor = Constant(a.GradientScale);
        V keep1 = Constant(a.Beta1), take1 = Constant(1 - a.Beta1), keep2 = Constant(a.Beta2),
            take2 = Constant(1 - a.Beta2);
        float* last = stackalloc float[V.Count];
        double weights = 0, changes = 0;
        for (int start = 0; start < count; start += Run)
        {
            V weightSum = V.Zero, changeSum = V.Zero;
            int end = Math.Min(count, start + Run);
            for (int i = start; i < end; i += V.Count)
            {
                V gradient = V.Load(g + i) * factor, value = V.Load(p + i);
                V mean = V.Fma(V.Load(m + i), keep1, take1 * gradient);
                V variance = V.Fma(V.Load(v + i), keep2, take2 * gradient * gradient);
                V.Store(m + i, mean);
                V.Store(v + i, variance);
                V change = Change(value, mean, variance, scale, root, epsilon, decay);
                if (i + V.Count <= end)
                {
                    weightSum = V.Fma(value, value, weightSum);
                    changeSum = V.Fma(change, change, changeSum);
                    continue;
                }

                V.Store(last, change);   // what lies beyond the count does not count
                for (int k = 0; i + k < end; k++)
                {
                    weights += (double)p[i + k] * p[i + k];
                    changes += (double)last[k] * last[k];
                }
            }

            weights += V.Sum(weightSum);
            changes += V.Sum(changeSum);
        }

        return (weights, changes);
    }

    /// <summary>The step of LAMB behind <see cref="LambMoments"/>, which has changed the moments.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void LambStep(in LambArguments a, double trust, float* p, float* m, float* v, int count)
    {
        (V scale, V root) = Corrections(a);
        V epsilon = Constant(a.Epsilon), decay = Constant(a.WeightDecay), rate = Constant(-a.LearningRate * trust);
        for (int i = 0; i < count; i += V.Count)
        {
            V value = V.Load(p + i);
            V change = Change(value, V.Load(m + i), V.Load(v + i), scale, root, epsilon, decay);
            V.Store(p + i, V.Fma(change, rate, value));
        }
    }

    private static (V Scale, V Root) Corrections(in LambArguments a) => (
        Constant(1 / (1 - Math.Pow(a.Beta1, a.Step))), Constant(1 / Math.Sqrt(1 - Math.Pow(a.Beta2, a.Step))));

    /// <summary>u of <see cref="LambArguments"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Change(V value, V mean, V variance, V scale, V root, V epsilon, V decay) =>
        V.Fma(decay, value, mean * scale / V.Fma(V.Sqrt(variance), root, epsilon));

    /// <summary>y += weight · (x − y).</summary>
    internal static void Lerp(float* x, float* y, int count, float weight)
    {
        V factor = V.Broadcast(weight);
        for (int i = 0; i < count; i += V.Count)
        {
            V old = V.Load(y + i);
            V.Store(y + i, V.Fma(V.Load(x + i) - old, factor, old));
        }
    }

    /// <summary>Derived from the settings in double, rounded once.</summary>
    private static V Constant(double value) => V.Broadcast((float)value);
}
