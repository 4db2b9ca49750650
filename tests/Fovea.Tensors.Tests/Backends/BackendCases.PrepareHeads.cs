using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> PreparedHeads()
    {
        foreach (int headDim in (int[])[2, 4, 6, 16, 30, 32, 34, 64, 96])
            foreach (string parts in (string[])["rms", "layer", "turn", "rms turn", "layer turn", "own angles"])
                yield return Prepared(2, 5, 3, headDim, parts);
        yield return Prepared(1, 1, 1, 1, "layer");
        yield return Prepared(3, 257, 4, 16, "rms turn");
        yield return Prepared(40, 65, 6, 32, "layer turn");
        yield return Prepared(0, 5, 2, 4, "layer turn");
        yield return BackendCase.Operator("PrepareHeads, one norm for both", Rounding.Rows(),
            x => Ops.PrepareHeads(x[0], 2, new(x[1], null, 0.01f), new(x[1], null, 0.01f), null),
            Normal([2, 7, 3 * 2 * 8]), Normal([8]));
        yield return BackendCase.Operator("PrepareHeads, keys alone", Rounding.Rows(),
            x => Ops.PrepareHeads(x[0], 2, null, new(x[1], x[2], 0.01f), null),
            Normal([2, 7, 3 * 2 * 8]), Normal([8]), Normal([8]));
        yield return BackendCase.Operator("PrepareHeads, frozen norms", Rounding.Rows(),
            x => Ops.PrepareHeads(x[0], 2, new(x[1], null, 0.01f), new(x[2], null, 0.01f), null),
            Normal([2, 7, 3 * 2 * 8]), Normal([8]).WithoutGradient(), Normal([8]).WithoutGradient());
        yield return BackendCase.Operator("PrepareHeads, frozen projections", Rounding.Rows(),
            x => Ops.PrepareHeads(x[0], 2, new(x[1], null, 0.01f), new(x[2], null, 0.01f), null),
            Normal([2, 7, 3 * 2 * 8]).WithoutGradient(), Normal([8]), Normal([8]));
    }

    /// <summary>Sines and cosines of no angle: what they do is defined for any numbers.</summary>
    private static BackendCase Prepared(int batch, int tokens, int heads, int headDim, string parts)
    {
        const float Epsilon = 0.01f;   // bounds 1/√(variance + ε), and so what it makes of rounding
        bool norms = !parts.StartsWith("turn") && parts != "own angles", layer = parts.StartsWith("layer");
        int angleHeads = parts == "own angles" ? heads : 1;
        Support.Sample angles = Normal([1, tokens, angleHeads, Math.Max(1, headDim / 2)]).WithoutGradient(),
            gamma = Normal([headDim]), beta = layer ? Normal([headDim]) : Normal([headDim]).WithoutGradient();
        return BackendCase.Operator($"PrepareHeads {heads} heads, {parts}", Rounding.Rows(),
            x => Ops.PrepareHeads(x[0], heads, norms ? new(x[1], layer ? x[2] : null, Epsilon) : null,
                norms ? new(x[3], layer ? x[4] : null, Epsilon) : null,
                parts.Contains("turn") || angleHeads > 1 ? (x[5], x[6]) : null),
            Normal([batch, tokens, 3 * heads * headDim], 2, 0.5), norms ? gamma : gamma.WithoutGradient(), beta,
            norms ? gamma : gamma.WithoutGradient(), beta, angles, angles);
    }
}
