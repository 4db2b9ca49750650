using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> Layout()
    {
        foreach ((int[] shape, int[] order) in ((int[], int[])[])[
            ([17, 33], [1, 0]), ([33, 17], [0, 1]), ([5, 7, 16], [0, 2, 1]), ([5, 7, 16], [2, 1, 0]),
            ([2, 17, 3, 8], [0, 2, 1, 3]),
            ([2, 3, 65, 5], [3, 0, 2, 1]),
            ([2, 5, 3, 4, 7], [2, 0, 3, 1, 4]), ([257], [0]), ([0, 3], [1, 0]), ([1, 100], [1, 0]),
            ([100, 65], [1, 0]), ([3, 37, 41], [0, 2, 1]), ([2, 19, 3, 70], [0, 3, 2, 1]), ([35, 2, 18], [1, 2, 0]),
            ([5, 16, 1, 33], [3, 0, 2, 1])])
            yield return BackendCase.Operator($"Permute {string.Join("", order)}", Doubled,
                x => Ops.Permute(x[0], order),
                Normal(Shape.Create(shape)));

        foreach ((int[] shape, int axis, int start, int length) in ((int[], int, int, int)[])[
            ([17, 33], 0, 3, 5), ([17, 33], 1, 1, 31), ([5, 17, 7], 1, 0, 1), ([5, 17, 7], 1, 16, 1),
            ([257], 0, 100, 157),
            ([3, 5], 1, 2, 0), ([0, 5], 1, 1, 2)])
            yield return BackendCase.Operator($"Slice {axis} {start} {length}", Doubled,
                x => Ops.Slice(x[0], axis, start, length),
                Normal(Shape.Create(shape)));

        yield return BackendCase.Operator("Reshape", Doubled, x => x[0].Reshape(-1, 11), Normal([33, 7]));
        yield return BackendCase.Operator("Concat 0", Doubled, x => Ops.Concat(0, x), Normal([3, 17]), Normal([1, 17]),
            Normal([0, 17]));
        yield return BackendCase.Operator("Concat 1", Doubled, x => Ops.Concat(1, x), Normal([5, 1, 33]),
            Normal([5, 16, 33]),
            Normal([5, 7, 33]));
        foreach ((int[] shape, int[] sizes) in ((int[], int[])[])[([1, 33], [17, 33]), ([17, 1], [17, 33]),
            ([2, 1, 5, 1], [2, 3, 5, 16]),
            ([1], [257]), ([1, 3], [0, 3])])
            yield return BackendCase.Operator("Expand", Rounding.Sums(257), x => Ops.Expand(x[0], sizes),
                Normal(Shape.Create(shape)));
        foreach ((int rows, int columns, int count) in ((int, int, int)[])[(7, 33, 17), (1, 5, 9), (257, 1, 100),
            (3, 65, 0), (100, 16, 257)])
            yield return BackendCase.Operator("Gather", Rounding.Sums(100), x => Ops.Gather(x[0], x[1]),
                Normal([rows, columns]),
                Integers([count], rows));
        foreach ((int[] image, int size) in ((int[], int)[])[([2, 3, 8, 12], 4), ([1, 1, 1, 1], 1), ([2, 3, 14, 7], 7),
            ([1, 3, 48, 32], 16), ([0, 3, 4, 4], 2), ([3, 2, 5, 5], 1)])
            yield return BackendCase.Operator($"Patchify {size}", Doubled, x => Ops.Patchify(x[0], size),
                Normal(Shape.Create(image)));
    }

    /// <summary>Moved without rounding, but adding two passes up doubles it, which is exact as well.</summary>
    private static Rounding Doubled => Rounding.None;

    private static IEnumerable<BackendCase> Optimisers()
    {
        Rounding rounding = Rounding.Elements(16, floor: 1);   // parameters and gradients are near 1 and may cancel
        foreach ((int rows, int columns) in ((int, int)[])[(4, 4), (5, 33), (40, 12)])
            foreach (MuonArguments arguments in (MuonArguments[])[
                new(0.1f, 0.95f, true, 0.1f, 1, 5, rows, 1), new(0.1f, 0.9f, false, 0, 0.5f, 2, rows, 0.25f)])
                yield return BackendCase.Primitive($"{arguments} {columns}", Rounding.Elements(4096, floor: 1), x =>
                {
                    x[0].Device.Backend.Muon(
                        [new(arguments, x[0].Storage, x[1].Storage, [x[2].Storage], rows * columns)], null);
                    return [x[0], x[2]];
                }, Normal([rows, columns]), Normal([rows, columns]), Normal([rows, columns]));

        foreach (int count in (int[])[0, 1, 7, 16, 33, 1030])
        {
            Sample[] samples = [Normal([count]), Normal([count]), Normal([count]), Uniform([count], 0, 1),
                Uniform([count], 0, 1)];
            foreach (SgdArguments arguments in (SgdArguments[])[
                new(0.1f, 0, 0, 0.01f, false, true, 1), new(0.1f, 0.9f, 0, 0, false, true, 0.5f),
                new(0.1f, 0.9f, 0.25f, 0.01f, false, false, 1), new(0.1f, 0.9f, 0, 0.01f, true, false, 1)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.Sgd(
                        [new(arguments, x[0].Storage, x[1].Storage, arguments.Momentum == 0 ? [] : [x[2].Storage],
                            count)], null);
                    return [x[0], x[2]];
                }, samples);

            foreach (AdamArguments arguments in (AdamArguments[])[
                new(0.01f, 0.9f, 0.999f, 1e-8f, 0, false, 1, 1), new(0.01f, 0.9f, 0.999f, 1e-8f, 0.05f, true, 3, 0.5f),
                new(0.01f, 0.9f, 0.95f, 1e-6f, 0.05f, false, 1000, 1)])
                foreach (bool largest in (bool[])[false, true])
                    yield return BackendCase.Primitive($"{arguments} {largest}", rounding, x =>
                    {
                        x[0].Device.Backend.Adam([new(arguments, x[0].Storage, x[1].Storage,
                            [x[2].Storage, x[3].Storage, .. largest ? (Storage[])[x[4].Storage] : []], count)], null);
                        return [x[0], x[2], x[3], x[4]];
                    }, samples);

            foreach (LambArguments arguments in (LambArguments[])[
                new(0.01f, 0.9f, 0.999f, 1e-6f, 0.05f, false, 1, 1), new(0.01f, 0.9f, 0.95f, 1e-6f, 0, true, 3, 0.5f)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.Lamb(
                        [new(arguments, x[0].Storage, x[1].Storage, [x[2].Storage, x[3].Storage], count)], null);
                    return [x[0], x[2], x[3]];
                }, samples);

            foreach (LarsArguments arguments in (LarsArguments[])[
                new(2f, 0, 0.01f, false, 0.001f, 1e-8f, false, true, 1),
                new(2f, 0.9f, 0.01f, true, 0.001f, 1e-8f, false, false, 0.5f),
                new(0.1f, 0.9f, 0, false, 0.5f, 1e-8f, true, true, 1)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.Lars(
                        [new(arguments, x[0].Storage, x[1].Storage, arguments.Momentum == 0 ? [] : [x[2].Storage],
                            count)], null);
                    return [x[0], x[2]];
                }, samples);

            foreach (LionArguments arguments in (LionArguments[])[
                new(0.01f, 0.9f, 0.99f, 0, 1), new(0.01f, 0.9f, 0.99f, 0.5f, 0.25f)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.Lion([new(arguments, x[0].Storage, x[1].Storage, [x[2].Storage], count)], null);
                    return [x[0], x[2]];
                }, samples);

            foreach (AdanArguments arguments in (AdanArguments[])[
                new(0.01f, 0.98f, 0.92f, 0.99f, 1e-8f, 0.02f, 1, 1), new(0.01f, 0.9f, 0.9f, 0.9f, 1e-6f, 0, 7, 0.5f)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.Adan([new(arguments, x[0].Storage, x[1].Storage,
                        [x[2].Storage, x[5].Storage, x[3].Storage, x[6].Storage], count)], null);
                    return [x[0], x[2], x[5], x[3], x[6]];
                }, [.. samples, Normal([count]), Normal([count])]);

            foreach (ScheduleFreeArguments arguments in (ScheduleFreeArguments[])[
                new(0.01f, 0.9f, 0.999f, 1e-8f, 0.05f, 1, true, 1),
                new(0.01f, 0.9f, 0.99f, 1e-6f, 0, 0.1f, false, 0.5f)])
                yield return BackendCase.Primitive(arguments.ToString(), rounding, x =>
                {
                    x[0].Device.Backend.ScheduleFree(
                        [new(arguments, x[0].Storage, x[1].Storage, [x[2].Storage, x[3].Storage], count)], null);
                    return [x[0], x[2], x[3]];
                }, samples);

            yield return BackendCase.Primitive("Cautious", rounding, x =>
            {
                x[0].Device.Backend.Cautious(
                    [new(new(0.9f, 0.1f), x[0].Storage, x[1].Storage, [x[2].Storage], count)], null);
                return [x[0]];
            }, samples);
            yield return BackendCase.Primitive("Lerp", rounding, x =>
            {
                x[0].Device.Backend.Lerp([(x[1].Storage, x[0].Storage, count)], 0.01f);
                return [x[0]];
            }, samples);
            yield return BackendCase.Primitive("SumOfSquares", Rounding.Elements(16), x =>
                [Tensor.From([(float)x[0].Device.Backend.SumsOfSquares([(x[0].Storage, count)])[0]], [1], x[0].Device)],
                samples);
        }
    }
}
