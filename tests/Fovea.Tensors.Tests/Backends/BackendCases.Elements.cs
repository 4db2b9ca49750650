using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> Elements()
    {
        Philox random = new(11, 4);
        foreach (int count in (int[])[0, 1, 7, 15, 16, 17, 33, 257, 4099])
        {
            foreach (UnaryOperator f in Enum.GetValues<UnaryOperator>())
                yield return BackendCase.Operator(f.ToString(), Rounding.Elements(32, floor: 1),
                    x => Ops.Apply(f, x[0]),
                    ElementsTests.Domain(f, [count]));
            yield return BackendCase.Operator("Scale", Rounding.Elements(2), x => Ops.Scale(x[0], -0.3f),
                Normal([count]));
            foreach (float probability in (float[])[0.1f, 0.5f])
                yield return BackendCase.Operator($"Dropout {probability}", Rounding.Elements(4),
                    x => Ops.Dropout(x[0], probability, random), Normal([count]));
            yield return BackendCase.Operator("DropPath", Rounding.Elements(4), x => Ops.DropPath(x[0], 0.3f, random),
                Normal([count, 3]));
        }

        yield return BackendCase.Operator("DropPath", Rounding.Elements(4), x => Ops.DropPath(x[0], 0.3f, random),
            Normal([7, 5, 33]));
        foreach ((int rows, int columns) in RowSizes().Append((0, 3)))
            foreach (UnaryOperator f in (UnaryOperator[])[UnaryOperator.Silu, UnaryOperator.Gelu,
                UnaryOperator.Sigmoid])
                yield return BackendCase.Operator($"Gate {f}", Rounding.Elements(64, floor: 1), x => Ops.Gate(f, x[0]),
                    Normal([rows, 2 * columns]));
    }

    private static IEnumerable<BackendCase> Broadcasting()
    {
        foreach ((int[] a, int[] b) in ((int[], int[])[])[
            ([33, 65], [33, 65]), ([33, 65], [65]), ([65], [33, 65]), ([17, 1], [1, 31]), ([5, 13, 7], [1, 13, 1]),
            ([2, 3, 16, 5], [3, 1, 5]),
            ([2, 1, 4, 1], [3, 1, 100]), ([], [17]), ([257], []), ([], []), ([0, 5], [5]), ([0, 5], [1, 1]),
            ([1030, 3], [1030, 1]),
            ([4, 257], [4, 1])])
        {
            Sample left = Normal(Shape.Create(a)), right = Normal(Shape.Create(b)),
                divisor = Uniform(Shape.Create(b), 0.5f, 2);
            yield return BackendCase.Operator("Add", Rounding.Sums(1030), x => Ops.Add(x[0], x[1]), left, right);
            yield return BackendCase.Operator("Subtract", Rounding.Rows(), x => Ops.Subtract(x[0], x[1]), left, right);
            yield return BackendCase.Operator("Multiply", Rounding.Sums(1030), x => Ops.Multiply(x[0], x[1]), left,
                right);
            yield return BackendCase.Operator("Divide", Rounding.Sums(1030), x => Ops.Divide(x[0], x[1]), left,
                divisor);
            yield return BackendCase.Operator("Maximum", Rounding.Rows(), x => Ops.Maximum(x[0], x[1]), left, right);
            yield return BackendCase.Operator("Minimum", Rounding.Rows(), x => Ops.Minimum(x[0], x[1]), left, right);
        }

        foreach (Shape shape in (Shape[])[[3, 5, 7], [17, 1, 33], [2, 65, 16], [257, 3, 1], [1, 1030, 2], [0, 5, 3],
            [100, 2, 100]])
        {
            yield return BackendCase.Operator("Sum", Rounding.Sums(shape.Elements), x => Ops.Sum(x[0]), Normal(shape));
            if (shape.Elements > 0)
                yield return BackendCase.Operator("Mean", Rounding.Sums(shape.Elements), x => Ops.Mean(x[0]),
                    Normal(shape));
            for (int axis = 0; axis < 3; axis++)
            {
                int along = axis;
                yield return BackendCase.Operator($"Sum {axis}", Rounding.Sums(1030), x => Ops.Sum(x[0], along),
                    Normal(shape));
                if (shape[axis] == 0) continue;
                yield return BackendCase.Operator($"Mean {axis}", Rounding.Sums(1030), x => Ops.Mean(x[0], along),
                    Normal(shape));
                yield return BackendCase.Operator($"Max {axis}", Rounding.Elements(1), x => Ops.Max(x[0], along),
                    Normal(shape));
                yield return BackendCase.Operator($"Max {axis} with ties", Rounding.Elements(1),
                    x => Ops.Max(x[0], along), Zeros(shape));
            }
        }
    }
}
