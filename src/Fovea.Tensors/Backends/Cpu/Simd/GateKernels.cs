using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>One row of a gated pair of halves, y = f(a) · b, in one pass.</summary>
internal static unsafe class GateKernels<V>
    where V : struct, ISimd<V>
{
    /// <summary>y = f(a) · b.</summary>
    internal static void Forward(UnaryOperator f, float* a, float* b, float* y, int count)
    {
        ValueLoop loop = new() { A = a, B = b, Y = y, Count = count };
        Unary<V>.Visit(f, ref loop);
    }

    /// <summary>da (+)= dy · b · f'(a), db (+)= dy · f(a).</summary>
    internal static void Backward(UnaryOperator f, float* a, float* b, float* dy, float* da, float* db, int count,
        bool accumulate)
    {
        DerivativeLoop loop = new() { A = a, B = b, Dy = dy, Da = da, Db = db, Count = count, Accumulate = accumulate };
        Unary<V>.Visit(f, ref loop);
    }

    private struct ValueLoop : IUnaryVisitor<V>
    {
        internal float* A, B, Y;
        internal int Count;

        public readonly void Run<F>()
            where F : struct, IUnary<V> => Values<F>(A, B, Y, Count);
    }

    private struct DerivativeLoop : IUnaryVisitor<V>
    {
        internal float* A, B, Dy, Da, Db;
        internal int Count;
        internal bool Accumulate;

        public readonly void Run<F>()
            where F : struct, IUnary<V> => Derivatives<F>(A, B, Dy, Da, Db, Count, Accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Values<F>(float* a, float* b, float* y, int count)
        where F : struct, IUnary<V>
    {
        int i = 0;
        for (; i + V.Count <= count; i += V.Count) V.Store(y + i, F.Value(V.Load(a + i)) * V.Load(b + i));
        if (i < count)
            V.StorePartial(y + i, F.Value(V.LoadPartial(a + i, count - i)) * V.LoadPartial(b + i, count - i),
                count - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Derivatives<F>(float* a, float* b, float* dy, float* da, float* db, int count, bool accumulate)
        where F : struct, IUnary<V>
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int lanes = Math.Min(V.Count, count - i);
            V input = V.LoadPartial(a + i, lanes), dyHere = V.LoadPartial(dy + i, lanes);
            V left = dyHere * V.LoadPartial(b + i, lanes) * F.Derivative(input), right = dyHere * F.Value(input);
            V.StorePartial(da + i, accumulate ? V.LoadPartial(da + i, lanes) + left : left, lanes);
            V.StorePartial(db + i, accumulate ? V.LoadPartial(db + i, lanes) + right : right, lanes);
        }
    }
}
