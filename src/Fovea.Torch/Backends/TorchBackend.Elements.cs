using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count)
    {
        using Aten aten = new(this);
        aten.Put(Value(aten, f, aten.View(x, count)), y, count);
    }

    /// <inheritdoc/>
    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count)
    {
        using Aten aten = new(this);
        aten.Put(Slope(aten, f, aten.View(x, count), aten.View(dy, count)), dx, count);
    }

    /// <inheritdoc/>
    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns)
    {
        using Aten aten = new(this);
        (NativeTensor a, NativeTensor b) = Halves(aten, x, rows, columns);
        aten.Put(aten.Multiply(Value(aten, f, a), b), y, rows * columns);
    }

    /// <inheritdoc/>
    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns)
    {
        if (rows == 0) return;
        using Aten aten = new(this);
        NativeTensor from = aten.View(dy, rows, columns);
        (NativeTensor a, NativeTensor b) = Halves(aten, x, rows, columns);
        (NativeTensor da, NativeTensor db) = Halves(aten, dx.Storage, rows, columns);
        PutView(aten, Slope(aten, f, a, aten.Multiply(from, b)), da, dx.Accumulate);
        PutView(aten, aten.Multiply(from, Value(aten, f, a)), db, dx.Accumulate);
    }

    /// <inheritdoc/>
    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape)
    {
        using Aten aten = new(this);
        NativeTensor left = aten.View(a, Sizes(aShape)), right = aten.View(b, Sizes(bShape));
        aten.Put(f switch
        {
            BinaryOperator.Add => aten.Add(left, right),
            BinaryOperator.Subtract => aten.Subtract(left, right),
            BinaryOperator.Multiply => aten.Multiply(left, right),
            BinaryOperator.Divide => aten.Divide(left, right),
            BinaryOperator.Maximum => aten.One("maximum", left, right),
            BinaryOperator.Minimum => aten.One("minimum", left, right),
            BinaryOperator.GreaterOrEqual =>
                aten.Cloned(aten.One("ge.Tensor", left, right), Sizes(shape), Torch.Float32),
            _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
        }, y, shape.Elements);
    }

    /// <inheritdoc/>
    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        using Aten aten = new(this);
        long[] axes = [.. Enumerable.Range(0, shape.Rank).Where(axis => shape[axis] == 1 && xShape[axis] != 1)
            .Select(axis => (long)axis)];
        NativeTensor from = aten.View(x, Sizes(xShape));
        if (axes.Length > 0) from = aten.Sum(from, axes, keep: true);
        if (y.Accumulate) aten.AddTo(aten.View(y.Storage, Sizes(shape)), from, scale);
        else aten.Put(aten.Multiply(from, scale), y, shape.Elements);
    }

    /// <inheritdoc/>
    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        using Aten aten = new(this);
        NativeTensor from = aten.Multiply(aten.View(x, Sizes(xShape)), scale);
        PutView(aten, from, aten.View(y.Storage, Sizes(shape)), y.Accumulate);
    }

    /// <inheritdoc/>
    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner)
    {
        if (outer * inner == 0) return;
        using Aten aten = new(this);
        (NativeTensor values, NativeTensor positions) = aten.Two("max.dim", aten.View(x, outer, axis, inner), 1L,
            false);
        aten.Put(values, y, outer * inner);
        aten.Copy(aten.View(positions, outer * inner), aten.View(((TorchStorage)indices).Integers, outer * inner));
    }

    /// <inheritdoc/>
    public override void MaxBackward(Storage indices, Storage dy, Target dx, int outer, int axis, int inner)
    {
        if (outer * axis * inner == 0) return;
        using Aten aten = new(this);
        aten.Put(aten.One("scatter.src", aten.Zeros([outer, axis, inner]), 1L,
            Indices(aten, indices, outer, 1, inner), aten.View(dy, outer, 1, inner)), dx, outer * axis * inner);
    }

    /// <inheritdoc/>
    public override void AddScaled(Storage x, Target y, int count, float scale)
    {
        using Aten aten = new(this);
        NativeTensor from = aten.View(x, count);
        if (y.Accumulate) aten.AddTo(aten.View(y.Storage, count), from, scale);
        else if (scale == 1) aten.Copy(from, aten.View(y.Storage, count));
        else aten.Put(aten.Multiply(from, scale), y, count);
    }

    /// <inheritdoc/>
    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns)
    {
        using Aten aten = new(this);
        NativeTensor from = aten.View(x, rows, columns), factors = aten.View(scales, rows, 1);
        if (y.Accumulate) aten.AddTo(aten.View(y.Storage, rows, columns), from, 1, factors);
        else aten.Put(aten.Multiply(from, factors), y, rows * columns);
    }

    /// <inheritdoc/>
    public override void Fill(Storage y, int count, float value)
    {
        using Aten aten = new(this);
        aten.Fill(aten.View(y, count), value);
    }

    /// <summary>f(x).</summary>
    private static NativeTensor Value(in Aten aten, UnaryOperator f, NativeTensor x) => f switch
    {
        UnaryOperator.Gelu => aten.One("gelu", x, "none"),
        UnaryOperator.GeluTanh => aten.One("gelu", x, "tanh"),
        UnaryOperator.Relu => aten.One("relu", x),
        UnaryOperator.Silu => aten.One("silu", x),
        UnaryOperator.Elu => aten.Add(aten.One("relu", x), aten.One("expm1", Negative(aten, x))),
        UnaryOperator.Sigmoid => aten.One("sigmoid", x),
        UnaryOperator.Tanh => aten.One("tanh", x),
        UnaryOperator.Softplus => aten.One("logaddexp", x, aten.Number(0)),
        UnaryOperator.Exp => aten.Exp(x),
        UnaryOperator.Log => aten.One("log", x),
        UnaryOperator.Sqrt => aten.One("sqrt", x),
        UnaryOperator.Square => aten.Multiply(x, x),
        UnaryOperator.Abs => aten.One("abs", x),
        UnaryOperator.Sin => aten.One("sin", x),
        UnaryOperator.Cos => aten.One("cos", x),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
    };

    /// <summary>dy · f'(x).</summary>
    private static NativeTensor Slope(in Aten aten, UnaryOperator f, NativeTensor x, NativeTensor dy) => f switch
    {
        UnaryOperator.Gelu => aten.One("gelu_backward", dy, x, "none"),
        UnaryOperator.GeluTanh => aten.One("gelu_backward", dy, x, "tanh"),
        UnaryOperator.Relu => aten.Where(aten.Greater(x, aten.Number(0)), dy, aten.Number(0)),
        UnaryOperator.Silu => aten.One("silu_backward", dy, x),
        UnaryOperator.Elu => aten.Multiply(dy, aten.Exp(Negative(aten, x))),
        UnaryOperator.Sigmoid => aten.One("sigmoid_backward", dy, aten.One("sigmoid", x)),
        UnaryOperator.Tanh => aten.One("tanh_backward", dy, aten.One("tanh", x)),
        UnaryOperator.Softplus => aten.Multiply(dy, aten.One("sigmoid", x)),
        UnaryOperator.Exp => aten.Multiply(dy, aten.Exp(x)),
        UnaryOperator.Log => aten.Divide(dy, x),
        UnaryOperator.Sqrt => aten.Divide(dy, aten.Multiply(aten.One("sqrt", x), 2)),
        UnaryOperator.Square => aten.Multiply(dy, aten.Multiply(x, 2)),
        UnaryOperator.Abs => aten.Multiply(dy, aten.One("sgn", x)),
        UnaryOperator.Sin => aten.Multiply(dy, aten.One("cos", x)),
        UnaryOperator.Cos => aten.Multiply(aten.Multiply(dy, aten.One("sin", x)), -1),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
    };

    /// <summary>min(x, 0).</summary>
    private static NativeTensor Negative(in Aten aten, NativeTensor x) => aten.One("minimum", x, aten.Number(0));

    private static (NativeTensor A, NativeTensor B) Halves(in Aten aten, Storage x, int rows, int columns) => (
        aten.Strided(x, [rows, columns], [2 * columns, 1]),
        aten.Strided(x, [rows, columns], [2 * columns, 1], columns));

    /// <summary>Writes or adds to a part of a storage; what has fewer elements is repeated.</summary>
    private static void PutView(in Aten aten, NativeTensor result, NativeTensor destination, bool accumulate)
    {
        if (accumulate) aten.AddTo(destination, result);
        else aten.Copy(result, destination);
    }

    private static long[] Sizes(Shape shape)
    {
        long[] sizes = new long[shape.Rank];
        for (int axis = 0; axis < sizes.Length; axis++) sizes[axis] = shape[axis];
        return sizes;
    }
}
