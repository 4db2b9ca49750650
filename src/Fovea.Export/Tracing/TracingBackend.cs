using Fovea.Export.Graphs;
using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <summary>
/// Computes nothing and notes as nodes of ONNX what a forward pass computes: everything that a model does goes through
/// primitives with plain sizes, so that whatever is made of them can be exported. A primitive without a counterpart is
/// made of several nodes; one that evaluation does not use is refused.
/// </summary>
internal sealed partial class TracingBackend : Backend
{
    private long _allocated;
    private Trace? _trace;

    /// <inheritdoc/>
    public override long AllocatedBytes => _allocated;

    /// <summary>The running trace.</summary>
    public Trace Trace
    {
        get => _trace ?? throw new NotSupportedException("a computation before the forward pass");
        set => _trace = value;
    }

    /// <inheritdoc/>
    public override Storage Rent(int count)
    {
        _allocated += (long)count * sizeof(float);
        return new TracedStorage(this, count);
    }

    /// <inheritdoc/>
    public override void Return(Storage storage) => _allocated -= (long)storage.Capacity * sizeof(float);

    /// <inheritdoc/>
    public override void Trim()
    {
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<float> values, int start = 0)
    {
        TracedStorage traced = (TracedStorage)destination;
        traced.Numbers ??= new float[traced.Capacity];
        values.CopyTo(traced.Numbers.AsSpan(start));
        traced.Uniform = null;
    }

    /// <inheritdoc/>
    public override void Write(Storage destination, ReadOnlySpan<int> values) =>
        ((TracedStorage)destination).Integers = values.ToArray();

    /// <inheritdoc/>
    public override void Read(Storage source, Span<float> values, int start = 0)
    {
        TracedStorage traced = (TracedStorage)source;
        if (traced.Uniform is float uniform) values.Fill(uniform);
        else (traced.Numbers ?? throw Reads()).AsSpan(start, values.Length).CopyTo(values);
    }

    /// <inheritdoc/>
    public override void Read(Storage source, Span<int> values) =>
        (((TracedStorage)source).Integers ?? throw Reads()).CopyTo(values);

    /// <inheritdoc/>
    public override void Fill(Storage y, int count, float value) => ((TracedStorage)y).Uniform = value;

    private static NotSupportedException Reads() => new("a computation on the host with what the images gave");

    private GraphValue Of(Storage storage, params int[] sizes) => Trace.Of(storage, sizes);

    /// <inheritdoc/>
    public override void MatMul(in MatMulArguments arguments)
    {
        (int batch, int rows, int columns, int inner) = (arguments.Batch, arguments.Rows, arguments.Columns,
            arguments.Inner);
        GraphValue a = arguments.TransposeA ? Trace.Transpose(Of(arguments.A, batch, inner, rows), 0, 2, 1)
            : Of(arguments.A, batch, rows, inner);
        GraphValue b = arguments.TransposeB ? Trace.Transpose(Of(arguments.B, batch, columns, inner), 0, 2, 1)
            : Of(arguments.B, batch, inner, columns);
        Trace.Set(arguments.C, Trace.Multiply(Trace.MatMul(a, b), arguments.Scale));
    }

    /// <inheritdoc/>
    public override void Linear(in LinearArguments arguments, Storage y)
    {
        LinearArguments plain = arguments;
        if (plain is { Input: LinearInput.Identity, Residual: null } && IsComputed(new Target(y), host => Host.Linear(
            plain with
            {
                X = host(plain.X),
                Weight = host(plain.Weight),
                Bias = plain.Bias is null ? null : host(plain.Bias),
            }, host(y)), plain.X, plain.Weight, plain.Bias)) return;
        (int rows, int columns) = (arguments.Rows, arguments.Out);
        GraphValue weight = Of(arguments.Weight, columns, arguments.In);
        GraphValue x = Of(arguments.X, rows, arguments.In);
        x = arguments.Input switch
        {
            LinearInput.Activation => Apply(arguments.Activation, x),
            LinearInput.LayerNorm => Norm(x, arguments.Gamma!, arguments.Beta, arguments.Epsilon),
            _ => x,
        };
        GraphValue? bias = arguments.Bias is Storage shift ? Of(shift, columns) : null;
        GraphValue product = Trace.Add("Gemm", [rows, columns], bias is null ? [x, weight] : [x, weight, bias],
            ("transB", 1L));
        Trace.Set(new Target(y), arguments.Residual is Storage residual
            ? Trace.Add("Add", [rows, columns], product, Of(residual, rows, columns)) : product);
    }

    /// <inheritdoc/>
    public override void ColumnSums(Storage x, Target y, int rows, int columns) =>
        Trace.Set(y, Trace.Sum(Of(x, rows, columns), 0));

    /// <inheritdoc/>
    public override void LayerNorm(Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd,
        int rows, int columns, float epsilon) =>
        Trace.Set(new Target(y), Norm(Of(x, rows, columns), gamma, beta, epsilon));

    /// <inheritdoc/>
    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm) =>
        Trace.Set(new Target(y), Softmax(Of(x, rows, columns), 1, logarithm));

    /// <inheritdoc/>
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count)
    {
        if (!IsComputed(new Target(y), host => Host.Unary(f, host(x), host(y), count), x))
            Trace.Set(new Target(y), Apply(f, Trace.Of(x)));
    }

    /// <inheritdoc/>
    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns)
    {
        GraphValue pairs = Of(x, rows, 2 * columns);
        Trace.Set(new Target(y), Trace.Add("Mul", [rows, columns], Apply(f, Trace.Slice(pairs, 1, 0, columns)),
            Trace.Slice(pairs, 1, columns, columns)));
    }

    /// <inheritdoc/>
    public override void Binary(BinaryOperator f, Storage a, Shape aShape, Storage b, Shape bShape, Storage y,
        Shape shape)
    {
        if (IsComputed(new Target(y), host => Host.Binary(f, host(a), aShape, host(b), bShape, host(y), shape), a, b))
            return;
        int[] sizes = [.. shape];
        GraphValue left = Of(a, [.. aShape]), right = Of(b, [.. bShape]);
        Trace.Set(new Target(y), f switch
        {
            BinaryOperator.Add => Trace.Add("Add", sizes, left, right),
            BinaryOperator.Subtract => Trace.Add("Sub", sizes, left, right),
            BinaryOperator.Multiply => Trace.Add("Mul", sizes, left, right),
            BinaryOperator.Divide => Trace.Add("Div", sizes, left, right),
            BinaryOperator.Maximum => Trace.Add("Max", sizes, left, right),
            BinaryOperator.Minimum => Trace.Add("Min", sizes, left, right),
            BinaryOperator.GreaterOrEqual => Trace.Add("Cast", sizes,
                [Trace.Add("GreaterOrEqual", OnnxType.Bool, sizes, [left, right])], ("to", (long)OnnxType.Float32)),
            _ => throw new NotSupportedException($"the function {f}"),
        });
    }

    /// <inheritdoc/>
    public override void SumTo(Storage x, Shape xShape, Target y, Shape shape, float scale)
    {
        if (IsComputed(y, host => Host.SumTo(host(x), xShape, new(host(y.Storage)), shape, scale), x)) return;
        int[] axes = [.. Enumerable.Range(0, shape.Rank).Where(axis => shape[axis] == 1 && xShape[axis] != 1)];
        GraphValue value = Of(x, [.. xShape]);
        Trace.Set(y, Trace.Multiply(axes.Length == 0 ? value : Trace.Sum(value, axes), scale));
    }

    /// <inheritdoc/>
    public override void BroadcastTo(Storage x, Shape xShape, Target y, Shape shape, float scale) =>
        Trace.Set(y, Trace.Expand(Trace.Multiply(Of(x, [.. xShape]), scale), [.. shape]));

    /// <inheritdoc/>
    public override void Max(Storage x, Storage y, Storage indices, int outer, int axis, int inner) =>
        Trace.Set(new Target(y), Trace.Max(Of(x, outer, axis, inner), 1));

    /// <inheritdoc/>
    public override void AddScaled(Storage x, Target y, int count, float scale)
    {
        if (!IsComputed(y, host => Host.AddScaled(host(x), new(host(y.Storage)), count, scale), x))
            Trace.Set(y, Trace.Multiply(Trace.Of(x), scale));
    }

    /// <inheritdoc/>
    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns) =>
        Trace.Set(y, Trace.Add("Mul", [rows, columns], Of(x, rows, columns), Of(scales, rows, 1)));

    /// <inheritdoc/>
    public override void Permute(Storage x, Shape xShape, ReadOnlySpan<int> order, Target y)
    {
        int[] axes = order.ToArray();
        if (!IsComputed(y, host => Host.Permute(host(x), xShape, axes, new(host(y.Storage))), x))
            Trace.Set(y, Trace.Transpose(Of(x, [.. xShape]), axes));
    }

    /// <inheritdoc/>
    public override void CopyBlock(Storage x, int xOffset, int xStride, Target y, int yOffset, int yStride, int rows,
        int columns)
    {
        if (y.Accumulate) throw new NotSupportedException("a sum of blocks");
        float[]? known = Block(x, xOffset, xStride, rows, columns);
        if (yOffset != 0 || yStride != columns)
            Trace.SetPiece(y.Storage, rows, yStride, yOffset, columns, Value, known);
        else if (known is not null) ((TracedStorage)y.Storage).Numbers = known;
        else Trace.Set(y, Value());

        GraphValue Value()
        {
            // in units that all of it is a multiple of, so that a batch inside stays an axis of its own
            int unit = Trace.Common(xOffset, xStride, columns);
            return Trace.Slice(Of(x, rows, xStride / unit, unit), 1, xOffset / unit, columns / unit);
        }
    }

    /// <inheritdoc/>
    public override void Gather(Storage x, Storage indices, Storage y, int count, int columns)
    {
        if (Trace.Knows(x) && ((TracedStorage)indices).Integers is { } rows)
        {
            float[] from = ((TracedStorage)x).Numbers!, numbers = new float[y.Capacity];
            for (int i = 0; i < count; i++)
                from.AsSpan(rows[i] * columns, columns).CopyTo(numbers.AsSpan(i * columns));
            ((TracedStorage)y).Numbers = numbers;
            return;
        }

        Trace.Set(new Target(y), Trace.Add("Gather", [count, columns],
            [Of(x, x.Capacity / columns, columns), Of(indices, count)], ("axis", 0L)));
    }

    /// <summary>Layer norm; without a shift RMS norm, of operators that every opset has.</summary>
    private GraphValue Norm(GraphValue x, Storage gamma, Storage? beta, float epsilon)
    {
        if (beta is not null)
            return Trace.Add("LayerNormalization", x.Sizes, [x, Of(gamma, x.Sizes[^1]), Of(beta, x.Sizes[^1])],
                ("axis", -1L), ("epsilon", epsilon));
        GraphValue sum = Trace.Sum(Trace.Add("Mul", x.Sizes, x, x), x.Sizes.Length - 1);
        int[] rows = [.. x.Sizes[..^1], 1];
        GraphValue square = Trace.Add(Trace.Multiply(Trace.Reshape(sum, rows), 1f / x.Sizes[^1]), epsilon);
        GraphValue root = Trace.Add("Sqrt", rows, square);
        return Trace.Add("Mul", x.Sizes, Trace.Add("Div", x.Sizes, x, root), Of(gamma, x.Sizes[^1]));
    }

    private GraphValue Softmax(GraphValue x, int axis, bool logarithm = false) =>
        Trace.Add(logarithm ? "LogSoftmax" : "Softmax", x.Sizes, [x], ("axis", (long)axis));

    private GraphValue Apply(UnaryOperator f, GraphValue x)
    {
        GraphValue One(string name, GraphValue input) => Trace.Add(name, x.Sizes, input);

        GraphValue Times(GraphValue a, GraphValue b) => Trace.Add("Mul", x.Sizes, a, b);

        switch (f)
        {
            case UnaryOperator.Gelu:
                GraphValue tail = Trace.Add(One("Erf", Trace.Add("Div", x.Sizes, x, Trace.Number(MathF.Sqrt(2)))), 1);
                return Trace.Multiply(Times(x, tail), 0.5f);
            case UnaryOperator.GeluTanh:
                GraphValue cubic = Times(Trace.Add(Trace.Multiply(Times(x, x), 0.044715f), 1), x);
                GraphValue tanh = One("Tanh", Trace.Multiply(cubic, MathF.Sqrt(2 / MathF.PI)));
                return Trace.Multiply(Times(x, Trace.Add(tanh, 1)), 0.5f);
            case UnaryOperator.Silu:
                return Times(x, One("Sigmoid", x));
            case UnaryOperator.Square:
                return Times(x, x);
            default:
                return One(f.ToString(), x);   // Relu, Elu, Sigmoid, Tanh, Softplus, Exp, Log, Sqrt, Abs, Sin, Cos
        }
    }
}
