using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> KernelAttention()
    {
        foreach (int headDim in (int[])[1, 2, 7, 8, 15, 16, 17, 24, 32, 33, 48, 64, 80, 128])
            yield return LinearAttention(2, 17, 2, headDim);
        foreach (int tokens in (int[])[1, 2, 16, 65, 127, 129, 257]) yield return LinearAttention(1, tokens, 3, 16);
        foreach ((int batch, int tokens, int heads, int headDim) in ((int, int, int, int)[])[
            (4, 33, 4, 16), (3, 140, 8, 5), (1, 1030, 1, 8), (0, 5, 2, 8), (17, 3, 1, 4), (40, 9, 8, 16),
            (50, 5, 4, 8)])
            yield return LinearAttention(batch, tokens, heads, headDim);

        foreach ((int queries, int keys, int features, int headDim) in ((int, int, int, int)[])[
            (5, 9, 11, 7), (130, 3, 16, 16), (1, 300, 33, 20), (64, 64, 40, 17), (17, 1, 1, 1), (7, 5, 100, 65)])
            foreach (int heads in (int[])[1, 3, 16])
                yield return BackendCase.Operator($"KernelAttention {heads}", Rounding.Rows(96),
                    x => Ops.KernelAttention(new(x[0], heads), new(x[1], heads), new(x[2], heads), FeatureMap.Identity,
                        epsilon: 0.01f),
                    Uniform([1, queries, heads * features], 0.01f, 1), Uniform([1, keys, heads * features], 0.01f, 1),
                    Normal([1, keys, heads * headDim]));
    }

    /// <summary>Sizes on both sides of what is visited pair by pair and what is carried along, on one axis and on
    /// two.</summary>
    private static IEnumerable<BackendCase> Relations()
    {
        foreach ((TokenRelation relation, string name) in Relations(wide: true))
            foreach ((int heads, int features, int headDim) in ((int, int, int)[])[(2, 5, 3), (1, 16, 16), (1, 33, 20)])
                foreach (bool weighted in (bool[])[false, true])
                    yield return Relation(name, relation, 2, heads, features, headDim, weighted);
        TokenRelation line = new(1, 1, 500, 40,
            columnBuckets: [.. Enumerable.Range(0, 999).Select(offset => offset % 499 < 230 ? 0 : 1)]);
        yield return Relation("long", line, 1, 1, 17, 16, weighted: true);
        yield return Relation("long", line, 1, 1, 17, 16, weighted: false);
        yield return Relation("empty batch", line, 0, 2, 3, 2, weighted: true);
    }

    /// <summary>Relations of every kind: windows, buckets in runs and out of order, prefixes, lines, columns, one
    /// token.</summary>
    public static IEnumerable<(TokenRelation Relation, string Name)> Relations(bool wide)
    {
        int[] Thirds(int size) => [.. Enumerable.Range(0, 2 * size - 1).Select(i => 3 * i / (2 * size - 1))];
        int[] Scattered(int size) => [.. Enumerable.Range(0, 2 * size - 1).Select(i => i * 7 % 4 / 2)];
        int line = wide ? 90 : 7, side = wide ? 11 : 3;
        yield return (new(0, 1, 1), "one token");
        yield return (new(2, 1, 1, 0), "prefix and one token");
        yield return (new(0, 1, line), "line, all visible");
        yield return (new(0, 1, line, 2), "line, narrow window");
        yield return (new(0, 1, line, line / 3), "line, window");
        yield return (new(1, 1, line, line / 3, columnBuckets: Thirds(line)), "line, window, buckets, prefix");
        yield return (new(0, 1, line, columnBuckets: Thirds(line)), "line, buckets");
        yield return (new(0, 1, line, columnBuckets: Scattered(line)), "line, scattered buckets");
        yield return (new(0, line, 1, line / 3, rowBuckets: Thirds(line)), "column, window, buckets");
        yield return (new(0, side, side + 2, 1), "grid, narrow window");
        yield return (new(1, side, side - 1, side / 2), "grid, window, prefix");
        yield return (new(3, side, side, null, Thirds(side), Thirds(side)), "grid, buckets, prefixes");
        yield return (new(1, side + 1, side, side - 2, Thirds(side + 1), Scattered(side)),
            "grid, window, buckets, prefix");
        yield return (new(0, side, side, 0), "grid, nothing but itself");
    }

    private static BackendCase Relation(string name, TokenRelation relation, int batch, int heads, int features,
        int headDim, bool weighted)
    {
        Sample weights = Uniform([batch, heads, relation.Tokens, relation.Buckets], 0.5f, 2);
        return BackendCase.Operator($"Relation {name} {heads} {weighted}", Rounding.Rows(128),
            x => Ops.KernelAttention(new(x[0], heads), new(x[1], heads), new(x[2], heads), FeatureMap.EluPlusOne,
                relation,
                weighted ? x[3] : null, weighted ? x[4] : null),
            Normal([batch, relation.Tokens, heads * features]), Normal([batch, relation.Tokens, heads * features]),
            Normal([batch, relation.Tokens, heads * headDim]),
            weighted ? weights : weights.WithoutGradient(), weighted ? weights : weights.WithoutGradient());
    }

    private static BackendCase LinearAttention(int batch, int tokens, int heads, int headDim) =>
        BackendCase.Operator($"Linear attention {heads} x {headDim}", Rounding.Rows(96),
            x => Ops.KernelAttention(new(x[0], heads, 3), new(x[0], heads, 3, 1), new(x[0], heads, 3, 2),
                FeatureMap.EluPlusOne),
            Normal([batch, tokens, 3 * heads * headDim]));

    private static IEnumerable<BackendCase> RandomFeatures()
    {
        foreach (FeatureKernel kernel in Enum.GetValues<FeatureKernel>())
            foreach (bool keys in (bool[])[false, true])
                foreach ((int batch, int tokens, int heads, int headDim, int features) in ((int, int, int, int, int)[])[
                    (1, 1, 1, 1, 1), (2, 17, 3, 8, 16), (1, 130, 2, 7, 33), (3, 5, 1, 64, 100), (1, 257, 1, 16, 45),
                    (0, 4, 2, 3, 5), (2, 3, 5, 33, 15)])
                    yield return BackendCase.Operator($"RandomFeatures {kernel} {keys} {heads}", Rounding.Rows(128),
                        x => Ops.RandomFeatures(new(x[0], heads, 3, keys ? 1 : 0), x[1], kernel, keys),
                        Normal([batch, tokens, 3 * heads * headDim]), Normal([features, headDim]).WithoutGradient());
    }
}
