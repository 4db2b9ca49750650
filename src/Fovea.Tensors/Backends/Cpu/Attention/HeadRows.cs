using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>One head's vectors of one sequence, where they lie: row i at <c>First + i · Stride</c>.</summary>
internal readonly unsafe struct HeadRows<V>
    where V : struct, ISimd<V>
{
    /// <summary>Distance in rows at which one is asked for: too scattered for the hardware to foresee.</summary>
    internal const int Ahead = 32;

    /// <param name="view">All heads of all sequences.</param>
    /// <param name="tokens">Tokens of a sequence.</param>
    /// <param name="width">Elements of a vector.</param>
    /// <param name="batch">Which sequence.</param>
    /// <param name="head">Which head.</param>
    internal HeadRows(in HeadView view, int tokens, int width, int batch, int head)
    {
        Stride = view.Stride;
        Width = width;
        First = CpuStorage.At(view, batch, tokens, head, width);
    }

    /// <param name="first">First vector.</param>
    /// <param name="stride">Elements from one vector to the next.</param>
    /// <param name="width">Elements of a vector.</param>
    internal HeadRows(float* first, nint stride, int width)
    {
        First = first;
        Stride = stride;
        Width = width;
    }

    internal float* First { get; }

    internal nint Stride { get; }

    internal int Width { get; }

    internal float* Row(int token) => First + token * Stride;

    /// <summary>
    /// f of <paramref name="count"/> rows from <paramref name="first"/> into rows of <paramref name="stride"/>, padded
    /// with zeros to whole vectors.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Load(int first, int count, FeatureMap map, float* to, int stride)
    {
        int whole = Width / V.Count * V.Count, left = Width - whole;
        float* from = Row(first);
        for (int i = 0; i < count; i++, from += Stride, to += stride)
        {
            V.Prefetch(from + Ahead * Stride);
            for (int e = 0; e < whole; e += V.Count) V.Store(to + e, Map(map, V.Load(from + e)));
            if (left == 0) continue;
            V.Store(to + whole, V.Zero);
            V.StorePartial(to + whole, Map(map, V.LoadPartial(from + whole, left)), left);
        }
    }

    /// <summary>Rows (+)= the gradients of features, times f'. Of elu + 1 that is min(f, 1).</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Rows.</param>
    /// <param name="gradients">Gradients of f(x), with row stride <paramref name="stride"/>.</param>
    /// <param name="stride">Elements from one row to the next, a whole number of vectors.</param>
    /// <param name="features">f(x) with the same stride, or null where f is the identity.</param>
    /// <param name="accumulate">Add to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void StoreGradients(int first, int count, float* gradients, int stride, float* features, bool accumulate)
    {
        V one = V.Broadcast(1);
        float* to = Row(first);
        for (int i = 0; i < count; i++, to += Stride, gradients += stride, features += features == null ? 0 : stride)
        {
            for (int e = 0; e < Width; e += V.Count)
            {
                int lanes = Math.Min(V.Count, Width - e);
                V gradient = V.Load(gradients + e);
                if (features != null) gradient *= V.Min(V.Load(features + e), one);
                if (lanes == V.Count) V.Store(to + e, accumulate ? V.Load(to + e) + gradient : gradient);
                else V.StorePartial(to + e, accumulate ? V.LoadPartial(to + e, lanes) + gradient : gradient, lanes);
            }
        }
    }

    /// <summary>Not elu(x) + 1 as written: 1 − 1 would cost a small eˣ its digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Map(FeatureMap map, V x) =>
        map == FeatureMap.Identity ? x : V.SelectGreaterOrEqual(x, V.Zero, x + V.Broadcast(1), VectorMath<V>.Exp(x));
}
