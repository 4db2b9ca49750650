namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Gated delta rule along four walks through a grid: y_t = Σ over walks of S_tᵀ q_t with
    /// S_t = α_t (I − β_t k_t k_tᵀ) S_t−1 + β_t k_t v_tᵀ: the memory forgets (α), and what it has for a key moves to
    /// the value (β).
    /// </summary>
    /// <remarks>
    /// Time O(token · headDim · (headDim + chunk)) per head and walk, extra memory O(token): states are computed again
    /// in the backward pass. Keys of length 1 keep it stable for β up to 2. Source: Yang, Kautz and Hatamizadeh 2025,
    /// "Gated Delta Networks", arXiv:2412.06464, eq. 10 and section 3.3; docs/attention.md derives the chunks.
    /// </remarks>
    /// <param name="q">Queries <c>[batch, token, head, keyDim]</c>.</param>
    /// <param name="k">Keys <c>[batch, token, head, keyDim]</c>.</param>
    /// <param name="v">Values <c>[batch, token, head, valueDim]</c>.</param>
    /// <param name="decay">log α, at most 0: <c>[batch, token, 4 · head]</c>, walk by walk.</param>
    /// <param name="strength">β, 0 to 1: as <paramref name="decay"/>.</param>
    /// <param name="scan">Order of the tokens.</param>
    /// <returns><c>[batch, token, head · valueDim]</c>.</returns>
    /// <exception cref="ShapeException">Sizes do not fit together.</exception>
    /// <exception cref="ArgumentException">Queries, keys or values are the same part of one tensor.</exception>
    public static Tensor DeltaRule(HeadTensor q, HeadTensor k, HeadTensor v, Tensor decay, Tensor strength,
        GridScan scan)
    {
        RequireDeltaRule(q, k, v, decay, strength, scan);
        Tensor[] inputs = [q.Tensor, k.Tensor, v.Tensor, decay, strength];
        Tensor y = Result([q.Batch, q.Tokens, v.Count * v.Width], inputs);
        DeltaRuleArguments arguments = new(q.Batch, scan, q.Count, q.Width, v.Width, q.View, k.View, v.View,
            decay.Storage, strength.Storage);
        Backend backend = y.Device.Backend;
        backend.DeltaRule(arguments, y.Storage);
        return Record(y, inputs, output =>
        {
            HeadGradient[] heads = HeadTensor.Gradients(q, k, v);
            backend.DeltaRuleBackward(arguments, GradientOf(output), new(heads[0], heads[1], heads[2],
                decay.RequiresGradient ? decay.GradientTarget() : null,
                strength.RequiresGradient ? strength.GradientTarget() : null));
        });
    }

    private static void RequireDeltaRule(HeadTensor q, HeadTensor k, HeadTensor v, Tensor decay, Tensor strength,
        GridScan scan)
    {
        const string Origin = nameof(DeltaRule);
        q.Require("queries", Origin);
        k.Require("keys", Origin);
        v.Require("values", Origin);
        if (q.Count != k.Count || q.Count != v.Count || q.Batch != k.Batch || q.Batch != v.Batch || q.Width != k.Width)
            throw new ShapeException($"{Origin}: queries {Text(q)}, keys {Text(k)} and values {Text(v)} must agree in "
                + "batch and heads, queries and keys in width.");
        if (scan.Prefix < 0 || scan.Grid.Rows < 1 || scan.Grid.Columns < 1 || q.Tokens != scan.Tokens
            || k.Tokens != scan.Tokens || v.Tokens != scan.Tokens)
            throw new ShapeException($"{Origin}: queries {Text(q)}, keys {Text(k)} and values {Text(v)} must have "
                + $"{scan.Prefix} + {scan.Grid.Rows} · {scan.Grid.Columns} tokens.");
        if (Overlap(q, k) || Overlap(q, v) || Overlap(k, v))
            throw new ArgumentException($"{Origin}: queries, keys and values must be different parts or tensors, "
                + "because each gets a gradient of its own.");
        Shape gates = [q.Batch, q.Tokens, GridScan.Count * q.Count];
        RequireShape(decay, gates, "decay", Origin);
        RequireShape(strength, gates, "strength", Origin);
    }
}
