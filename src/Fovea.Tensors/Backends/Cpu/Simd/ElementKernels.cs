using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>Loops over flat arrays.</summary>
internal static unsafe class ElementKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>y = f(x); may work in place.</summary>
    internal static void Unary(UnaryOperator f, float* x, float* y, int count)
    {
        ValueLoop loop = new() { X = x, Y = y, Count = count };
        Unary<V>.Visit(f, ref loop);
    }

    /// <summary>dx (+)= dy · f'(x).</summary>
    internal static void UnaryBackward(UnaryOperator f, float* x, float* dy, float* dx, int count, bool accumulate)
    {
        DerivativeLoop loop = new() { X = x, Dy = dy, Dx = dx, Count = count, Accumulate = accumulate };
        Unary<V>.Visit(f, ref loop);
    }

    private struct ValueLoop : IUnaryVisitor<V>
    {
        internal float* X, Y;
        internal int Count;

        public readonly void Run<F>()
            where F : struct, IUnary<V> => Values<F>(X, Y, Count);
    }

    private struct DerivativeLoop : IUnaryVisitor<V>
    {
        internal float* X, Dy, Dx;
        internal int Count;
        internal bool Accumulate;

        public readonly void Run<F>()
            where F : struct, IUnary<V> => Derivatives<F>(X, Dy, Dx, Count, Accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values<F>(float* x, float* y, int count)
        where F : struct, IUnary<V>
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) V.Store(y + i, F.Value(V.Load(x + i)));
        if (i < count) V.StorePartial(y + i, F.Value(V.LoadPartial(x + i, count - i)), count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Derivatives<F>(float* x, float* dy, float* dx, int count, bool accumulate)
        where F : struct, IUnary<V>
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
        {
            V gradient = V.Load(dy + i) * F.Derivative(V.Load(x + i));
            V.Store(dx + i, accumulate ? V.Load(dx + i) + gradient : gradient);
        }

        if (i == count) return;
        int left = count - i;
        V last = V.LoadPartial(dy + i, left) * F.Derivative(V.LoadPartial(x + i, left));
        V.StorePartial(dx + i, accumulate ? V.LoadPartial(dx + i, left) + last : last, left);
    }

    /// <summary>y (+)= scale · x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void AddScaled(float* x, float* y, int count, float scale, bool accumulate)
    {
        V factor = V.Broadcast(scale);
        int i = 0;
        for (; i + V.Count <= count; i += V.Count)
            V.Store(y + i, accumulate ? V.Fma(V.Load(x + i), factor, V.Load(y + i)) : V.Load(x + i) * factor);
        for (; i < count; i++) y[i] = accumulate ? MathF.FusedMultiplyAdd(x[i], scale, y[i]) : x[i] * scale;
    }
}
