using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> DeltaRule()
    {
        foreach (int headDim in (int[])[1, 3, 8, 15, 16, 17, 33, 64])
            yield return Delta(2, 1, 5, 9, 2, headDim, headDim);
        foreach (int columns in (int[])[1, 2, 15, 16, 17, 31, 32, 33, 64, 70])
            yield return Delta(1, 0, 1, columns, 1, 5, 7);
        foreach (int prefix in (int[])[0, 1, 5]) yield return Delta(1, prefix, 13, 11, 3, 34, 4);
        yield return Delta(40, 2, 3, 3, 1, 2, 20);
        yield return Delta(0, 1, 3, 3, 2, 4, 3);
        yield return BackendCase.Operator("DeltaRule in place, twice", Rounding.Rows(256),
            x => Ops.Add(Packed(x, new(4, 6)), Packed(x, new(3, 8))),
            Normal([2, 25, 3 * 2 * 5], 0.4), Uniform([2, 25, 8], -1, 0), Uniform([2, 25, 8], 0, 1));

        static Tensor Packed(Tensor[] x, GridLevel grid)
        {
            HeadTensor heads = new(x[0], 2, 3);
            return Ops.DeltaRule(heads, heads with { Part = 1 }, heads with { Part = 2 }, x[1], x[2], new(1, grid));
        }
    }

    /// <summary>Keys of about length 1, and gates from nearly 0 to nearly 1.</summary>
    private static BackendCase Delta(int batch, int prefix, int rows, int columns, int heads, int keyDim, int valueDim)
    {
        int tokens = prefix + rows * columns;
        double length = 0.8 / Math.Sqrt(keyDim);
        return BackendCase.Operator($"DeltaRule {prefix} {rows}x{columns}", Rounding.Rows(256),
            x => Ops.DeltaRule(new(x[0], heads), new(x[1], heads), new(x[2], heads), x[3], x[4],
                new(prefix, new(rows, columns))),
            Normal([batch, tokens, heads * keyDim], length), Normal([batch, tokens, heads * keyDim], length),
            Normal([batch, tokens, heads * valueDim]), Uniform([batch, tokens, 4 * heads], -3, 0),
            Uniform([batch, tokens, 4 * heads], 0, 1));
    }
}
