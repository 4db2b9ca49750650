using Fovea.Tensors.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Tensors.Tests;

/// <summary>Broadcasting against a naive definition: every element by its coordinates, one at a time.</summary>
public sealed class BroadcastTests
{
    /// <summary>Two shapes that broadcast: axes of the common shape dropped from the front or set to 1.</summary>
    private static readonly Arbitrary<(int[] A, int[] B)> Pairs = (
        from shape in ShapeTests.Sizes.Generator
        from keepA in Gen.Choose(0, 2).ArrayOf(shape.Length)
        from keepB in Gen.Choose(0, 2).ArrayOf(shape.Length)
        from dropA in Gen.Choose(0, shape.Length)
        from dropB in Gen.Choose(0, shape.Length)
        select (Reduced(shape, keepA, dropA), Reduced(shape, keepB, dropB))).ToArbitrary();

    [Fact]
    public void Operands_meet_at_equal_coordinates() =>
        Prop.ForAll(Pairs, pair =>
        {
            Device device = Device.CreateReference();
            Tensor a = Sample.Normal(Shape.Create(pair.A)).Create(device, 0),
                b = Sample.Normal(Shape.Create(pair.B)).Create(device, 1);
            Tensor y = Ops.Subtract(a, b);
            int[] coordinates = new int[y.Shape.Rank];
            for (int i = 0; i < y.Shape.Elements; i++)
            {
                for (int axis = coordinates.Length - 1, rest = i; axis >= 0; rest /= y.Shape[axis--])
                    coordinates[axis] = rest % y.Shape[axis];
                if (y.Doubles()[i] != At(a, coordinates) - At(b, coordinates)) return false;
            }

            return true;
        }).Hold();

    [Fact]
    public void Order_of_the_operands_does_not_change_the_shape() =>
        Prop.ForAll(Pairs, pair =>
        {
            Tensor a = Tensor.Zeros(Shape.Create(pair.A), Device.Reference),
                b = Tensor.Zeros(Shape.Create(pair.B), Device.Reference);
            return Ops.Add(a, b).Shape == Ops.Add(b, a).Shape;
        }).Hold();

    [Fact]
    public void Shapes_broadcast_exactly_when_every_aligned_pair_of_axes_does() =>
        Prop.ForAll(ShapeTests.Sizes, ShapeTests.Sizes, (a, b) =>
        {
            bool possible = a.Reverse().Zip(b.Reverse(), (x, y) => x == y || x == 1 || y == 1).All(fits => fits);
            try
            {
                Ops.Add(Tensor.Zeros(Shape.Create(a), Device.Reference),
                    Tensor.Zeros(Shape.Create(b), Device.Reference));
                return possible;
            }
            catch (ShapeException)
            {
                return !possible;
            }
        }).Hold();

    private static int[] Reduced(int[] shape, int[] keep, int drop) =>
        [.. shape.Select((size, axis) => keep[axis] == 0 ? 1 : size).Skip(drop)];

    private static double At(Tensor x, int[] coordinates)
    {
        int position = 0, missing = coordinates.Length - x.Shape.Rank;
        for (int axis = 0; axis < x.Shape.Rank; axis++)
            position = position * x.Shape[axis] + (x.Shape[axis] == 1 ? 0 : coordinates[missing + axis]);
        return x.Doubles()[position];
    }
}
