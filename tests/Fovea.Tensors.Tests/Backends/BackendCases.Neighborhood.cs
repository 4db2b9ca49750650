using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> NeighborhoodAttention()
    {
        foreach (int headDim in (int[])[1, 3, 8, 15, 16, 17, 33, 64])
            yield return Neighbours(2, 1, 5, 9, 2, headDim, 3);
        foreach (int columns in (int[])[1, 2, 7, 8, 15, 16, 17, 31, 33])
            yield return Neighbours(1, 0, 8, columns, 1, 5, 7);
        foreach (int rows in (int[])[1, 3, 6, 7, 13]) yield return Neighbours(1, 2, rows, 18, 3, 4, 5);
        foreach (int dilation in (int[])[2, 3, 5, 20]) yield return Neighbours(2, 1, 11, 19, 2, 6, 3, dilation);
        yield return Neighbours(1, 5, 21, 40, 1, 8, 13);
        yield return Neighbours(1, 0, 4, 35, 2, 8, 1);
        yield return Neighbours(1, 0, 1, 1, 1, 1, 1);
        yield return Neighbours(40, 0, 3, 3, 1, 2, 3);
        yield return Neighbours(0, 1, 3, 3, 2, 4, 3);
        foreach (int rows in (int[])[14, 41, 100]) yield return Neighbours(1, 1, rows, 5, 2, 6, 5);
        yield return Neighbours(1, 2, 50, 7, 1, 4, 3, 2);
        yield return BackendCase.Operator("NeighborhoodAttention twice", Rounding.Rows(96),
            x => Ops.Add(Ops.NeighborhoodAttention(x[0], 2, new(4, 6), new(3), 1),
                Ops.NeighborhoodAttention(x[0], 2, new(4, 6), new(3, 2), 1, 0.3f)), Normal([2, 25, 3 * 2 * 5]));
    }

    private static BackendCase Neighbours(int batch, int prefix, int rows, int columns, int heads, int headDim,
        int kernel, int dilation = 1) =>
        BackendCase.Operator($"NeighborhoodAttention {prefix} {rows}x{columns} by {kernel}, {dilation}",
            Rounding.Rows(96),
            x => Ops.NeighborhoodAttention(x[0], heads, new(rows, columns), new(kernel, dilation), prefix),
            Normal([batch, prefix + rows * columns, 3 * heads * headDim]));
}
