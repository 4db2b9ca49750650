using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> Deformable()
    {
        foreach (int width in (int[])[1, 3, 8, 15, 16, 17, 33, 64])
            yield return Deformable(2, 1, 11, 3, width, 4, [new(5, 7)]);
        yield return Deformable(1, 0, 1, 1, 5, 1, [new(1, 1)]);
        yield return Deformable(1, 0, 257, 2, 16, 4, [new(16, 16)]);
        yield return Deformable(3, 2, 10, 4, 8, 3, [new(6, 9), new(3, 5), new(2, 3)]);
        yield return Deformable(35, 0, 3, 2, 7, 2, [new(1, 13)]);
        yield return Deformable(0, 0, 5, 2, 8, 2, [new(2, 2)]);
        yield return Deformable(2, 0, 0, 2, 8, 2, [new(2, 2)]);

        // One part of packed projections, and two samples of the same packed tensor: its gradient comes in parts.
        GridLevel grid = new(3, 5);
        yield return BackendCase.Operator("DeformableSample packed", Rounding.Rows(96),
            x => Ops.DeformableSample(new HeadTensor(x[0], 2, 3, 2), [grid], x[1], x[2], 1),
            Normal([2, 16, 3 * 2 * 9]), Locations(2, 7, 2, [grid], 2), Normal([2, 7, 2, 1, 2]));
        yield return BackendCase.Operator("DeformableSample twice", Rounding.Rows(96),
            x => Ops.Add(Sampled(x, part: 1), Sampled(x, part: 2)),
            Normal([2, 16, 3 * 2 * 9]), Locations(2, 7, 2, [grid], 2), Normal([2, 7, 2, 1, 2]).WithoutGradient());

        foreach ((int batch, int prefix, int rows, int columns, int width) in ((int, int, int, int, int)[])[
            (2, 1, 5, 7, 17), (1, 0, 1, 1, 3), (3, 2, 4, 6, 16), (1, 1, 1, 9, 5), (40, 0, 8, 3, 33), (0, 1, 2, 2, 4)])
            yield return BackendCase.Operator($"PoolGrid {prefix} {rows}x{columns}", Rounding.Rows(8),
                x => Ops.PoolGrid(x[0], new(rows, columns), prefix), Normal([batch, prefix + rows * columns, width]));

        foreach ((int batch, int prefix, int rows, int columns, int heads, int width, int kernel, int stride) in
            ((int, int, int, int, int, int, int, int)[])[
                (2, 1, 5, 7, 1, 17, 3, 1), (2, 0, 6, 4, 2, 16, 5, 2), (1, 2, 7, 7, 3, 5, 5, 3),
                (1, 0, 1, 1, 1, 1, 3, 1), (3, 1, 4, 9, 1, 33, 1, 2),
                (2, 1, 3, 2, 2, 8, 7, 1), (1, 0, 5, 6, 1, 4, 1, 4), (20, 1, 8, 8, 1, 32, 5, 2),
                (0, 1, 3, 3, 1, 4, 3, 1)])
            foreach (bool bias in (bool[])[true, false])
                yield return BackendCase.Operator(
                    $"GridConvolution {prefix} {rows}x{columns} {heads} heads stride {stride}{(bias ? " bias" : "")}",
                    Rounding.Sums(batch * rows * columns + kernel * kernel),
                    x => Ops.GridConvolution(new HeadTensor(x[0], heads, 2, 1), new(rows, columns), x[1],
                        bias ? x[2] : null, stride, prefix),
                    Normal([batch, prefix + rows * columns, 2 * heads * width]), Normal([kernel * kernel, width]),
                    bias ? Normal([width]) : Normal([width]).WithoutGradient());
    }

    private static Tensor Sampled(Tensor[] x, int part) =>
        Ops.DeformableSample(new HeadTensor(x[0], 2, 3, part), [new(3, 5)], x[1], x[2], 1);

    private static BackendCase Deformable(int batch, int prefix, int queries, int heads, int width, int points,
        GridLevel[] levels) =>
        BackendCase.Operator($"DeformableSample {string.Join(" ", levels)} {prefix}", Rounding.Rows(96),
            x => Ops.DeformableSample(new HeadTensor(x[0], heads), levels, x[1], x[2], prefix),
            Normal([batch, prefix + levels.Sum(level => level.Count), heads * width]),
            Locations(batch, queries, heads, levels, points),
            Normal([batch, queries, heads, levels.Length, points]));
}
