using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> Linear()
    {
        foreach ((int i, int rows, int inner, int columns) in Triples())
            yield return Linear(rows, inner, columns, bias: i % 2 == 0, residual: i % 4 < 2);
        foreach ((int rows, int inner, int columns) in ((int, int, int)[])[
            (0, 5, 7), (1, 1, 1), (1, 257, 1), (257, 1, 33), (33, 257, 65), (1030, 33, 17), (5, 1100, 17),
            (7, 13, 1100), (64, 128, 96)])
            yield return Linear(rows, inner, columns, bias: true, residual: true);

        foreach (UnaryOperator f in Enum.GetValues<UnaryOperator>())
            foreach ((int rows, int inner, int columns) in ((int, int, int)[])[(17, 33, 15), (5, 16, 65), (0, 3, 4)])
                yield return BackendCase.Operator($"ActivationLinear {f}", Rounding.Rows(),
                    x => Ops.ActivationLinear(f, x[0], x[1], x[2], x[3]),
                    ElementsTests.Domain(f, [rows, inner]), Normal([columns, inner]), Normal([columns]),
                    Normal([rows, columns]));

        foreach ((int rows, int inner, int columns) in ((int, int, int)[])[(17, 33, 31), (3, 65, 257), (1, 192, 7),
            (257, 16, 5),
            (0, 16, 5), (100, 100, 100)])
        {
            yield return BackendCase.Operator("LayerNormLinear", Rounding.Rows(128),
                x => Ops.LayerNormLinear(x[0], x[1], x[2], 1e-5f, x[3], x[4]),
                Normal([rows, inner], 2, 0.5), Normal([inner]), Normal([inner]), Normal([columns, inner]),
                Normal([columns]));
            yield return BackendCase.Operator("RmsNormLinear", Rounding.Rows(128),
                x => Ops.RmsNormLinear(x[0], x[1], 1e-5f, x[2], x[3]),
                Normal([rows, inner], 2, 0.5), Normal([inner]), Normal([columns, inner]), Normal([columns]));
        }
    }

    private static BackendCase Linear(int rows, int inner, int columns, bool bias, bool residual)
    {
        Sample[] samples = [Normal([rows, inner]), Normal([columns, inner]), Normal([columns]),
            Normal([rows, columns])];
        if (!bias) samples[2] = samples[2].WithoutGradient();
        if (!residual) samples[3] = samples[3].WithoutGradient();
        return BackendCase.Operator($"Linear{(bias ? " bias" : "")}{(residual ? " residual" : "")}",
            Rounding.Sums(Math.Max(rows, Math.Max(inner, columns))),
            x => Ops.Linear(x[0], x[1], bias ? x[2] : null, residual ? x[3] : null), samples);
    }

    private static IEnumerable<BackendCase> MatMul()
    {
        foreach ((int i, int rows, int inner, int columns) in Triples())
            foreach (int transposed in (int[])[0, 1, 2, 3])
                yield return MatMul(i % 3 == 0 ? [3] : [], rows, inner, columns, (transposed & 1) != 0,
                    (transposed & 2) != 0);
        foreach (int transposed in (int[])[0, 1, 2, 3])
        {
            yield return MatMul([0], 3, 4, 5, (transposed & 1) != 0, (transposed & 2) != 0);
            yield return MatMul([2, 3], 65, 8, 65, (transposed & 1) != 0, (transposed & 2) != 0);
            yield return MatMul([], 65, 600, 33, (transposed & 1) != 0, (transposed & 2) != 0);
            yield return MatMul([1], 257, 17, 200, (transposed & 1) != 0, (transposed & 2) != 0);
        }

        foreach (bool transposeB in (bool[])[false, true])
            yield return BackendCase.Operator($"MatMul shared right side {transposeB}", Rounding.Sums(65),
                x => Ops.MatMul(x[0], x[1], transposeB: transposeB), Normal([5, 13, 17]),
                Normal(transposeB ? [31, 17] : [17, 31]));
    }

    private static BackendCase MatMul(int[] batch, int rows, int inner, int columns, bool transposeA, bool transposeB)
    {
        int[] a = transposeA ? [inner, rows] : [rows, inner], b = transposeB ? [columns, inner] : [inner, columns];
        return BackendCase.Operator($"MatMul {(transposeA ? "T" : "N")}{(transposeB ? "T" : "N")}",
            Rounding.Sums(Math.Max(rows, Math.Max(inner, columns))),
            x => Ops.MatMul(x[0], x[1], transposeA, transposeB, scale: 0.7f),
            Normal(Shape.Create([.. batch, .. a])), Normal(Shape.Create([.. batch, .. b])));
    }

    private static IEnumerable<BackendCase> Attention()
    {
        foreach (int headDim in (int[])[1, 2, 8, 16, 24, 32, 48, 64, 80, 96, 128])
            yield return Attention(2, 17, 2, headDim);
        foreach (int tokens in (int[])[1, 2, 16, 17, 65, 197, 257]) yield return Attention(1, tokens, 3, 16);
        yield return Attention(1, 197, 1, 64);
        yield return Attention(1, 1030, 1, 8);
        yield return Attention(0, 5, 2, 8);
        yield return Attention(3, 5, 1, 7);
        yield return Attention(1, 33, 5, 3);
        foreach ((int prefix, int rows, int columns, int radius) in ((int, int, int, int)[])[
            (1, 14, 14, 2), (1, 14, 14, -1), (0, 1, 65, 8), (1, 1, 300, 20), (1, 24, 25, 3), (0, 9, 4, 0), (3, 1, 1, 0),
            (1, 30, 36, 1), (0, 18, 18, 1)])
            foreach (bool buckets in (bool[])[false, true])
            {
                TokenRelation relation = RelativeAttentionTests.Relation(prefix, rows, columns, radius, buckets);
                // The gradient of a head's bias sums tokens² slopes that cancel; rounding errors of both signs grow
                // with the root of their number.
                Rounding rounding = Rounding.Rows(96 + relation.Tokens),
                    sinkhorn = Rounding.Rows(192 + relation.Tokens);
                string name = $"prefix {prefix}, {rows} x {columns}, radius {radius}{(buckets ? ", buckets" : "")}";
                yield return BackendCase.Operator($"Relative attention {name}", rounding,
                    x => Ops.Attention(x[0], 2, 0.3f, relation, new(x[1], x[2], x[3])),
                    RelativeAttentionTests.Inputs(relation, 1, 2, 12));
                if (rows * columns < 400)
                    yield return BackendCase.Operator($"Relative Sinkhorn {name}", sinkhorn,
                        x => Ops.SinkhornAttention(x[0], 2, 3, 0.3f, relation, new(x[1], x[2], x[3])),
                        RelativeAttentionTests.Inputs(relation, 1, 2, 12));
            }

        foreach ((int batch, int tokens, int heads, int headDim, int iterations) in ((int, int, int, int, int)[])[
            (2, 17, 2, 16, 5), (1, 1, 1, 3, 3), (1, 65, 2, 32, 3), (0, 5, 1, 8, 3), (1, 197, 1, 64, 5),
            (1, 530, 1, 8, 3), (3, 33, 1, 7, 1)])
            yield return BackendCase.Operator($"SinkhornAttention {heads} x {headDim}, {iterations} iterations",
                Rounding.Rows(192),
                x => Ops.SinkhornAttention(x[0], heads, iterations), Normal([batch, tokens, 3 * heads * headDim]));
        foreach ((int batch, int queries, int keys) in ((int, int, int)[])[(2, 17, 5), (1, 3, 70), (1, 65, 600)])
            yield return BackendCase.Operator($"Attention of {queries} over {keys}", Rounding.Rows(96),
                x => Ops.Attention(new HeadTensor(x[0], 2), new(x[1], 2, 2, 0), new(x[1], 2, 2, 1)),
                Normal([batch, queries, 2 * 12]), Normal([batch, keys, 2 * 2 * 12]));
        yield return BackendCase.Operator("AttentionProbabilities", Rounding.Rows(),
            x => Ops.AttentionProbabilities(x[0], 3),
            Normal([2, 17, 3 * 3 * 8]));
    }

    private static BackendCase Attention(int batch, int tokens, int heads, int headDim) =>
        BackendCase.Operator($"Attention {heads} x {headDim}", Rounding.Rows(96), x => Ops.Attention(x[0], heads),
            Normal([batch, tokens, 3 * heads * headDim]));

    private static IEnumerable<BackendCase> Convolution()
    {
        foreach ((int batch, int channels, int height, int width, int outputs, int kernel, int stride, int padding,
            int dilation, int groups) in
            ((int, int, int, int, int, int, int, int, int, int)[])[
                (2, 3, 9, 10, 5, 3, 1, 1, 1, 1), (2, 4, 9, 10, 6, 3, 2, 1, 1, 1), (1, 3, 17, 15, 6, 7, 2, 3, 1, 1),
                (2, 16, 7, 5, 33, 1, 1, 0, 1, 1), (2, 5, 7, 8, 3, 1, 2, 0, 1, 1), (2, 3, 16, 12, 17, 4, 4, 0, 1, 1),
                (1, 3, 13, 9, 2, 4, 4, 0, 1, 1), (2, 8, 9, 7, 12, 3, 1, 1, 1, 2), (1, 8, 9, 9, 8, 3, 1, 1, 1, 8),
                (1, 4, 9, 10, 6, 3, 1, 2, 2, 1), (1, 2, 11, 11, 3, 3, 2, 4, 3, 1), (1, 2, 5, 5, 3, 3, 1, 3, 1, 1),
                (1, 1, 1, 1, 1, 1, 1, 0, 1, 1), (0, 3, 8, 8, 4, 3, 1, 1, 1, 1), (1, 16, 19, 33, 17, 3, 1, 1, 1, 1),
                (3, 1, 1, 31, 2, 1, 1, 0, 1, 1), (5, 40, 7, 7, 30, 3, 1, 1, 1, 1), (3, 70, 6, 5, 65, 3, 2, 1, 1, 1),
                (2, 6, 5, 6, 4, 5, 3, 2, 1, 2),
                (2, 5, 3, 3, 4, 3, 5, 1, 1, 1), (2, 17, 33, 35, 16, 3, 1, 1, 1, 1), (1, 16, 18, 21, 19, 3, 1, 0, 1, 1),
                (1, 18, 17, 20, 16, 3, 1, 2, 1, 1), (9, 20, 1, 1, 24, 3, 1, 1, 1, 1), (70, 16, 1, 1, 17, 3, 1, 1, 1, 1),
                (5, 8, 2, 2, 12, 3, 2, 1, 1, 1), (3, 8, 1, 4, 6, 3, 1, 1, 1, 2), (4, 6, 1, 1, 5, 5, 1, 2, 1, 1),
                (2, 4, 2, 2, 3, 7, 2, 3, 1, 1), (3, 4, 1, 1, 4, 3, 1, 2, 2, 4), (2, 3, 2, 2, 3, 3, 3, 2, 1, 1),
                // Winograd's large tiles: part of a tile at the borders, one tile and less than one, many channels
                (3, 16, 21, 30, 17, 3, 1, 0, 1, 1), (2, 19, 25, 26, 16, 3, 1, 2, 1, 1),
                (1, 17, 32, 35, 31, 3, 1, 1, 1, 1), (66, 16, 3, 4, 18, 3, 1, 1, 1, 1),
                (11, 16, 5, 67, 16, 3, 1, 1, 1, 1), (64, 232, 4, 4, 17, 3, 1, 1, 1, 1),
                (33, 18, 5, 3, 240, 3, 1, 1, 1, 1)])
            foreach (bool bias in (bool[])[true, false])
                yield return BackendCase.Operator(
                    $"Conv2d stride {stride} padding {padding} dilation {dilation} groups "
                        + $"{groups}{(bias ? " bias" : "")}",
                    Rounding.Sums(batch * height * width + channels * kernel * kernel),
                    x => Ops.Conv2d(x[0], x[1], bias ? x[2] : null, stride, padding, dilation, groups),
                    Normal([batch, channels, height, width]), Normal([outputs, channels / groups, kernel, kernel]),
                    bias ? Normal([outputs]) : Normal([outputs]).WithoutGradient());
        yield return BackendCase.Operator("Conv2d oblong", Rounding.Sums(100), x => Ops.Conv2d(x[0], x[1], padding: 1),
            Normal([2, 3, 6, 11]), Normal([4, 3, 1, 5]));
    }
}
