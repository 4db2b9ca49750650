
namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>Sum of all elements.</summary>
    /// <returns>A scalar.</returns>
    public static Tensor Sum(Tensor x) => Reduce(x, Padded([], x.Shape.Rank), [], 1, nameof(Sum));

    /// <summary>Mean of all elements.</summary>
    /// <returns>A scalar; NaN for an empty tensor.</returns>
    public static Tensor Mean(Tensor x) => Reduce(x, Padded([], x.Shape.Rank), [], 1f / x.Shape.Elements, nameof(Mean));

    /// <summary>Sum along one axis, which disappears.</summary>
    /// <exception cref="ShapeException">There is no such axis.</exception>
    public static Tensor Sum(Tensor x, int axis) => ReduceAxis(x, Axis(x, axis, nameof(Sum)), 1, nameof(Sum));

    /// <summary>Mean along one axis, which disappears.</summary>
    /// <exception cref="ShapeException">There is no such axis.</exception>
    public static Tensor Mean(Tensor x, int axis)
    {
        int resolved = Axis(x, axis, nameof(Mean));
        return ReduceAxis(x, resolved, 1f / x.Shape[resolved], nameof(Mean));
    }

    /// <summary>Largest element along one axis, which disappears; the gradient goes to its first occurrence.</summary>
    /// <exception cref="ShapeException">There is no such axis, or it is empty.</exception>
    public static Tensor Max(Tensor x, int axis)
    {
        int resolved = Axis(x, axis, nameof(Max));
        (int outer, int size, int inner) = Split(x.Shape, resolved);
        if (size == 0) throw new ShapeException($"Max: axis {axis} of {x.Shape} is empty.");
        Tensor y = Result(Without(x.Shape, resolved), [x]);
        Tensor indices = Tensor.Empty(y.Shape, x.Device, ElementType.Int32, nameof(Max));
        Backend backend = x.Device.Backend;
        backend.Max(x.Storage, y.Storage, indices.Storage, outer, size, inner);
        return Record(y, [x], output => backend.MaxBackward(
            indices.Storage, GradientOf(output), x.GradientTarget(), outer, size, inner), indices);
    }

    private static Tensor ReduceAxis(Tensor x, int axis, float scale, string origin) =>
        Reduce(x, x.Shape.With(axis, 1), Without(x.Shape, axis), scale, origin);

    /// <param name="x">What to sum.</param>
    /// <param name="kept">The result's shape with summed axes kept as 1.</param>
    /// <param name="shape">The result's shape.</param>
    /// <param name="scale">Factor of the sums.</param>
    /// <param name="origin">Name for messages.</param>
    private static Tensor Reduce(Tensor x, Shape kept, Shape shape, float scale, string origin)
    {
        Tensor y = Result(shape, [x], origin);
        Backend backend = x.Device.Backend;
        backend.SumTo(x.Storage, x.Shape, new(y.Storage), kept, scale);
        return Record(y, [x], output => backend.BroadcastTo(
            GradientOf(output), kept, x.GradientTarget(), x.Shape, scale));
    }

    private static Shape Without(Shape shape, int axis)
    {
        int[] sizes = new int[shape.Rank - 1];
        shape.Sizes[..axis].CopyTo(sizes);
        shape.Sizes[(axis + 1)..].CopyTo(sizes.AsSpan(axis));
        return Shape.Create(sizes);
    }
}
