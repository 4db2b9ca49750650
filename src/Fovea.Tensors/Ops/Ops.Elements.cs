
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>f of every element.</summary>
    public static Tensor Apply(UnaryOperator f, Tensor x)
    {
        Tensor y = Result(x.Shape, [x], f.ToString());
        Backend backend = x.Device.Backend;
        int count = x.Shape.Elements;
        backend.Unary(f, x.Storage, y.Storage, count);
        return Record(y, [x], output => backend.UnaryBackward(
            f, x.Storage, GradientOf(output), x.GradientTarget(), count));
    }

    /// <summary>GELU, exact by default or by the tanh approximation.</summary>
    public static Tensor Gelu(Tensor x, bool tanh = false) =>
        Apply(tanh ? UnaryOperator.GeluTanh : UnaryOperator.Gelu, x);

    /// <summary>max(x, 0).</summary>
    public static Tensor Relu(Tensor x) => Apply(UnaryOperator.Relu, x);

    /// <summary>f(a) · b, where a and b are the first and the second half of the last axis (Shazeer 2020,
    /// arXiv:2002.05202); SwiGLU with SiLU.</summary>
    /// <param name="f">The gate's function.</param>
    /// <param name="x"><c>[..., 2 · columns]</c>.</param>
    /// <returns><c>[..., columns]</c>.</returns>
    /// <exception cref="ShapeException">The last axis has no halves.</exception>
    public static Tensor Gate(UnaryOperator f, Tensor x)
    {
        if (x.Shape.Rank == 0 || x.Shape.Columns % 2 != 0)
            throw new ShapeException($"Gate: the last axis must have two halves, got {x.Shape}.");
        int rows = x.Shape.Rows, columns = x.Shape.Columns / 2;
        Tensor y = Result(x.Shape.With(^1, columns), [x]);
        Backend backend = x.Device.Backend;
        backend.Gate(f, x.Storage, y.Storage, rows, columns);
        return Record(y, [x], output => backend.GateBackward(
            f, x.Storage, GradientOf(output), x.GradientTarget(), rows, columns));
    }

    /// <summary>a + b, broadcasting axes of size 1 and missing leading axes.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    public static Tensor Add(Tensor a, Tensor b) => Combine(BinaryOperator.Add, a, b);

    /// <summary>a − b, broadcasting.</summary>
    /// <inheritdoc cref="Add"/>
    public static Tensor Subtract(Tensor a, Tensor b) => Combine(BinaryOperator.Subtract, a, b);

    /// <summary>a · b element by element, broadcasting.</summary>
    /// <inheritdoc cref="Add"/>
    public static Tensor Multiply(Tensor a, Tensor b) => Combine(BinaryOperator.Multiply, a, b);

    /// <summary>a / b, broadcasting.</summary>
    /// <inheritdoc cref="Add"/>
    public static Tensor Divide(Tensor a, Tensor b) => Combine(BinaryOperator.Divide, a, b);

    /// <summary>The larger of a and b, broadcasting; where equal the gradient goes to a.</summary>
    /// <inheritdoc cref="Add"/>
    public static Tensor Maximum(Tensor a, Tensor b) => Combine(BinaryOperator.Maximum, a, b);

    /// <summary>The smaller of a and b, broadcasting; where equal the gradient goes to a.</summary>
    /// <inheritdoc cref="Add"/>
    public static Tensor Minimum(Tensor a, Tensor b) => Combine(BinaryOperator.Minimum, a, b);

    /// <summary>factor · x.</summary>
    public static Tensor Scale(Tensor x, float factor)
    {
        Tensor y = Result(x.Shape, [x]);
        Backend backend = x.Device.Backend;
        int count = x.Shape.Elements;
        backend.AddScaled(x.Storage, new(y.Storage), count, factor);
        return Record(y, [x], output => backend.AddScaled(GradientOf(output), x.GradientTarget(), count, factor));
    }

    private static Tensor Combine(BinaryOperator f, Tensor a, Tensor b)
    {
        int rank = Math.Max(a.Shape.Rank, b.Shape.Rank);
        Shape aShape = Padded(a.Shape, rank), bShape = Padded(b.Shape, rank),
            shape = Broadcast(aShape, bShape, f.ToString());
        Tensor y = Result(shape, [a, b], f.ToString());
        Backend backend = a.Device.Backend;
        backend.Binary(f, a.Storage, aShape, b.Storage, bShape, y.Storage, shape);
        return Record(y, [a, b], output =>
        {
            if (f == BinaryOperator.Add && a != b && a.RequiresGradient && aShape == shape)
            {
                // The sum's gradient is a's own: b takes its share first, then the buffer moves on without a copy.
                if (b.RequiresGradient) Into(backend, b, bShape, GradientOf(output), shape, 1);
                a.TakeGradient(output);
                return;
            }

            if (a.RequiresGradient)
                CombineBackward(f, backend, output, a, aShape, a, aShape, b, bShape, shape, left: true);
            if (b.RequiresGradient)
                CombineBackward(f, backend, output, b, bShape, a, aShape, b, bShape, shape, left: false);
        });
    }

    /// <summary>Gradient with respect to one side: the full-size product with the local derivative, then summed to the
    /// side's shape.</summary>
    private static void CombineBackward(
        BinaryOperator f, Backend backend, Tensor output, Tensor side, Shape sideShape, Tensor a, Shape aShape,
        Tensor b, Shape bShape, Shape shape, bool left)
    {
        Storage dy = GradientOf(output);
        if (f is BinaryOperator.Add or BinaryOperator.Subtract)
        {
            Into(backend, side, sideShape, dy, shape, left || f == BinaryOperator.Add ? 1 : -1);
            return;
        }

        Storage local = backend.Rent(shape.Elements);
        local.Retain();
        switch (f)
        {
            case BinaryOperator.Multiply:
                backend.Binary(BinaryOperator.Multiply, dy, shape, left ? b.Storage : a.Storage, left ? bShape : aShape,
                    local, shape);
                break;
            case BinaryOperator.Divide:
                backend.Binary(BinaryOperator.Divide, dy, shape, b.Storage, bShape, local, shape);
                // −a/b² = −y/b
                if (!left) backend.Binary(BinaryOperator.Multiply, local, shape, output.Storage, shape, local, shape);
                break;
            default:   // maximum, minimum: 1 where this side was taken
                bool larger = f == BinaryOperator.Maximum;
                backend.Binary(BinaryOperator.GreaterOrEqual, larger ? a.Storage : b.Storage, larger ? aShape : bShape,
                    larger ? b.Storage : a.Storage, larger ? bShape : aShape, local, shape);
                if (!left)
                {
                    Storage one = backend.Rent(1);
                    one.Retain();
                    backend.Fill(one, 1, 1);
                    Shape single = Padded([], shape.Rank);
                    backend.Binary(BinaryOperator.Subtract, one, single, local, shape, local, shape);
                    one.Release();
                }

                backend.Binary(BinaryOperator.Multiply, dy, shape, local, shape, local, shape);
                break;
        }

        Into(backend, side, sideShape, local, shape, f == BinaryOperator.Divide && !left ? -1 : 1);
        local.Release();
    }

    private static void Into(Backend backend, Tensor side, Shape sideShape, Storage gradient, Shape shape, float scale)
    {
        Target target = side.GradientTarget();
        if (sideShape == shape) backend.AddScaled(gradient, target, shape.Elements, scale);
        else backend.SumTo(gradient, shape, target, sideShape, scale);
    }

    private static Shape Padded(Shape shape, int rank)
    {
        if (shape.Rank == rank) return shape;
        int[] sizes = new int[rank];
        Array.Fill(sizes, 1);
        shape.Sizes.CopyTo(sizes.AsSpan(rank - shape.Rank));
        return Shape.Create(sizes);
    }

    private static Shape Broadcast(Shape a, Shape b, string origin)
    {
        int[] sizes = new int[a.Rank];
        for (int i = 0; i < sizes.Length; i++)
        {
            if (a[i] != b[i] && a[i] != 1 && b[i] != 1)
                throw new ShapeException(
                    $"{origin}: {a} and {b} do not broadcast: axis {i} is {a[i]} on the left and {b[i]} on the right.");
            sizes[i] = a[i] == 1 ? b[i] : a[i];
        }

        return Shape.Create(sizes);
    }
}
