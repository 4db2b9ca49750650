using System.Runtime.CompilerServices;

namespace Fovea.Tensors.Backends.Cpu.Simd;

/// <summary>A function of one element with its derivative, as a type so that the JIT compiles a loop for
/// each.</summary>
internal interface IUnary<V>
    where V : struct, ISimd<V>
{
    static abstract V Value(V x);

    static abstract V Derivative(V x);
}

/// <summary>Runs <see cref="Run{F}"/> with the function chosen at run time.</summary>
internal interface IUnaryVisitor<V>
    where V : struct, ISimd<V>
{
    void Run<F>()
        where F : struct, IUnary<V>;
}

/// <summary>The functions behind <see cref="UnaryOperator"/>.</summary>
internal static unsafe class Unary<V>
    where V : struct, ISimd<V>
{
    /// <summary>Calls the visitor with the function's type; the only place that maps names to functions.</summary>
    internal static void Visit<TVisitor>(UnaryOperator f, ref TVisitor visitor)
        where TVisitor : struct, IUnaryVisitor<V>
    {
        switch (f)
        {
            case UnaryOperator.Gelu: visitor.Run<Gelu>(); break;
            case UnaryOperator.GeluTanh: visitor.Run<GeluTanh>(); break;
            case UnaryOperator.Relu: visitor.Run<Relu>(); break;
            case UnaryOperator.Silu: visitor.Run<Silu>(); break;
            case UnaryOperator.Elu: visitor.Run<Elu>(); break;
            case UnaryOperator.Sigmoid: visitor.Run<Sigmoid>(); break;
            case UnaryOperator.Tanh: visitor.Run<Tanh>(); break;
            case UnaryOperator.Softplus: visitor.Run<Softplus>(); break;
            case UnaryOperator.Exp: visitor.Run<Exp>(); break;
            case UnaryOperator.Log: visitor.Run<Log>(); break;
            case UnaryOperator.Sqrt: visitor.Run<Sqrt>(); break;
            case UnaryOperator.Square: visitor.Run<Square>(); break;
            case UnaryOperator.Abs: visitor.Run<Abs>(); break;
            case UnaryOperator.Sin: visitor.Run<Sin>(); break;
            case UnaryOperator.Cos: visitor.Run<Cos>(); break;
            default: throw new ArgumentOutOfRangeException(nameof(f), f, "Unary: unknown function.");
        }
    }

    private static V One => V.Broadcast(1);

    internal readonly struct Gelu : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => x * VectorMath<V>.NormalCdf(x, out _);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => VectorMath<V>.NormalCdf(x, out V density) + x * density;
    }

    /// <summary>With z = √(2/π)(x + 0.044715 x³), 0.5 (1 + tanh z) is sigmoid(2z).</summary>
    internal readonly struct GeluTanh : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => x * Gate(x, x * x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x)
        {
            V square = x * x, gate = Gate(x, square);
            V slope = V.Fma(square, V.Broadcast(2 * 0.7978845608f * 3 * 0.044715f), V.Broadcast(2 * 0.7978845608f));
            return gate + x * gate * (One - gate) * slope;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static V Gate(V x, V square) =>
            VectorMath<V>.Sigmoid(x
                * V.Fma(square, V.Broadcast(2 * 0.7978845608f * 0.044715f), V.Broadcast(2 * 0.7978845608f)));
    }

    internal readonly struct Relu : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => V.Max(V.Zero, x);   // this order keeps NaN

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => V.SelectGreaterOrEqual(V.Zero, x, V.Zero, One);
    }

    internal readonly struct Silu : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => x * VectorMath<V>.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x)
        {
            V gate = VectorMath<V>.Sigmoid(x);
            return gate + x * gate * (One - gate);
        }
    }

    internal readonly struct Elu : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => V.SelectGreaterOrEqual(x, V.Zero, x, VectorMath<V>.Exp(x) - One);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => V.SelectGreaterOrEqual(x, V.Zero, One, VectorMath<V>.Exp(x));
    }

    internal readonly struct Sigmoid : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => VectorMath<V>.Sigmoid(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x)
        {
            // e/(1+e)²: no difference of near-equal numbers
            V e = VectorMath<V>.Exp(V.Zero - V.Abs(x)), denominator = One + e;
            return e / (denominator * denominator);
        }
    }

    internal readonly struct Tanh : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => VectorMath<V>.Tanh(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x)
        {
            // 1 − tanh² = 4e/(1+e)² with e = e^(−2|x|)
            V e = VectorMath<V>.Exp(V.Abs(x) * V.Broadcast(-2)), denominator = One + e;
            return V.Broadcast(4) * e / (denominator * denominator);
        }
    }

    /// <summary>max(x, 0) + log(1 + e^−|x|).</summary>
    internal readonly struct Softplus : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => V.Max(V.Zero, x) + VectorMath<V>.Log(One + VectorMath<V>.Exp(V.Zero - V.Abs(x)));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => VectorMath<V>.Sigmoid(x);
    }

    internal readonly struct Exp : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => VectorMath<V>.Exp(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => VectorMath<V>.Exp(x);
    }

    internal readonly struct Log : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => VectorMath<V>.Log(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => One / x;
    }

    internal readonly struct Sqrt : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => V.Sqrt(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => V.Broadcast(0.5f) / V.Sqrt(x);
    }

    internal readonly struct Square : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => x * x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) => x + x;
    }

    internal readonly struct Abs : IUnary<V>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Value(V x) => V.Abs(x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static V Derivative(V x) =>
            V.SelectGreaterOrEqual(V.Zero, x, V.SelectGreaterOrEqual(x, V.Zero, V.Zero, V.Broadcast(-1)), One);
    }

    internal readonly struct Sin : IUnary<V>
    {
        public static V Value(V x) => EachLane(x, &Math.Sin, 1);

        public static V Derivative(V x) => EachLane(x, &Math.Cos, 1);
    }

    internal readonly struct Cos : IUnary<V>
    {
        public static V Value(V x) => EachLane(x, &Math.Cos, 1);

        public static V Derivative(V x) => EachLane(x, &Math.Sin, -1);
    }

    /// <summary>Lane by lane: for tables of angles, which are small beside what they turn, and exact however large the
    /// angle is.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static V EachLane(V x, delegate*<double, double> f, float sign)
    {
        float* lanes = stackalloc float[V.Count];
        V.Store(lanes, x);
        for (int i = 0; i < V.Count; i++) lanes[i] = sign * (float)f(lanes[i]);
        return V.Load(lanes);
    }
}
