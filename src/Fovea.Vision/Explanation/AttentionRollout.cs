using Fovea.Tensors;

namespace Fovea.Vision.Explanation;

/// <summary>Share of each input token in each output token, with attention followed through all blocks.</summary>
/// <remarks><code>
/// Â = ρ I + (1 − ρ) mean_heads(|A|), rows divided by their sums        rollout = Â_last · ... · Â_2 · Â_1
/// </code>
/// The identity stands for the residual connection. Rows of the result are shares: at least 0, with sum 1. Magnitudes,
/// because weights of some mechanisms may be below 0; the source knows maps of softmax alone, which are their own.
/// Source: Abnar and Zuidema 2020, "Quantifying attention flow in transformers", arXiv:2005.00928, section 3.
/// </remarks>
public static class AttentionRollout
{
    /// <summary>Follows attention through the blocks.</summary>
    /// <param name="maps">One per block, first to last, <c>[batch, head, token, token]</c>; heads may differ in
    /// number.</param>
    /// <param name="residual">ρ, above 0 and at most 1.</param>
    /// <returns><c>[batch, token, token]</c>: row = output token, column = input token; owned by the running
    /// scope.</returns>
    /// <exception cref="ArgumentException">There is no map, or ρ is out of range.</exception>
    public static Tensor Of(IReadOnlyList<Tensor> maps, float residual = 0.5f)
    {
        if (maps.Count == 0)
            throw new ArgumentException("AttentionRollout: there is no attention map to follow.", nameof(maps));
        if (!(residual > 0 && residual <= 1))
            throw new ArgumentException(
                $"AttentionRollout: the residual's share must be above 0 and at most 1, got {residual}.",
                nameof(residual));
        using IDisposable pause = Tape.Pause();
        using StepScope scope = StepScope.Begin();
        Tensor flow = Step(maps[0], residual);
        for (int block = 1; block < maps.Count; block++) flow = Ops.MatMul(Step(maps[block], residual), flow);
        return scope.Return(flow);
    }

    /// <summary>I for each of a batch, <c>[1, token, token]</c>.</summary>
    internal static Tensor Identity(int tokens, Device device)
    {
        float[] identity = new float[tokens * tokens];
        for (int i = 0; i < tokens; i++) identity[i * (tokens + 1)] = 1;
        return Tensor.From(identity, [1, tokens, tokens], device);
    }

    /// <summary>Mean of the heads' magnitudes: how much a token looks at another, whatever the sign.</summary>
    /// <param name="map"><c>[batch, head, token, token]</c>.</param>
    /// <returns><c>[batch, token, token]</c>.</returns>
    internal static Tensor Magnitude(Tensor map) => Ops.Mean(Ops.Apply(UnaryOperator.Abs, map), 1);

    private static Tensor Step(Tensor map, float residual)
    {
        (int batch, int tokens) = (map.Shape[0], map.Shape[2]);
        Tensor mixed = Ops.Add(Ops.Scale(Magnitude(map), 1 - residual),
            Ops.Scale(Identity(tokens, map.Device), residual));
        return Ops.Divide(mixed, Ops.Sum(mixed, 2).Reshape(batch, tokens, 1));
    }
}
