using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> KernelAttention()
    {
        foreach (int headDim in (int[])[1, 2, 7, 8, 15, 16, 17, 24, 32, 33, 48, 64, 80, 128]) yield return LinearAttention(2, 17, 2, headDim);
        foreach (int tokens in (int[])[1, 2, 16, 65, 127, 129, 257]) yield return LinearAttention(1, tokens, 3, 16);
        foreach ((int batch, int tokens, int heads, int headDim) in ((int, int, int, int)[])[
            (4, 33, 4, 16), (3, 140, 8, 5), (1, 1030, 1, 8), (0, 5, 2, 8), (17, 3, 1, 4)])
            yield return LinearAttention(batch, tokens, heads, headDim);

        foreach ((int queries, int keys, int features, int headDim) in ((int, int, int, int)[])[
            (5, 9, 11, 7), (130, 3, 16, 16), (1, 300, 33, 20), (64, 64, 40, 17), (17, 1, 1, 1), (7, 5, 100, 65)])
            foreach (int heads in (int[])[1, 3, 16])
                yield return BackendCase.Operator($"KernelAttention {heads}", Rounding.Rows(96),
                    x => Ops.KernelAttention(new(x[0], heads), new(x[1], heads), new(x[2], heads), FeatureMap.Identity, epsilon: 0.01f),
                    Uniform([1, queries, heads * features], 0.01f, 1), Uniform([1, keys, heads * features], 0.01f, 1), Normal([1, keys, heads * headDim]));
    }

    private static BackendCase LinearAttention(int batch, int tokens, int heads, int headDim) =>
        BackendCase.Operator($"Linear attention {heads} x {headDim}", Rounding.Rows(96),
            x => Ops.KernelAttention(new(x[0], heads, 3), new(x[0], heads, 3, 1), new(x[0], heads, 3, 2), FeatureMap.EluPlusOne),
            Normal([batch, tokens, 3 * heads * headDim]));

    private static IEnumerable<BackendCase> RandomFeatures()
    {
        foreach (FeatureKernel kernel in Enum.GetValues<FeatureKernel>())
            foreach (bool keys in (bool[])[false, true])
                foreach ((int batch, int tokens, int heads, int headDim, int features) in ((int, int, int, int, int)[])[
                    (1, 1, 1, 1, 1), (2, 17, 3, 8, 16), (1, 130, 2, 7, 33), (3, 5, 1, 64, 100), (1, 257, 1, 16, 45), (0, 4, 2, 3, 5), (2, 3, 5, 33, 15)])
                    yield return BackendCase.Operator($"RandomFeatures {kernel} {keys} {heads}", Rounding.Rows(128),
                        x => Ops.RandomFeatures(new(x[0], heads, 3, keys ? 1 : 0), x[1], kernel, keys),
                        Normal([batch, tokens, 3 * heads * headDim]), Normal([features, headDim]).WithoutGradient());
    }
}
