namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Fused softmax attention: y_i = Σ_j softmax_j(scale · q_i·k_j) v_j per head, without ever storing the token × token matrix.
    /// </summary>
    /// <param name="qkv">Packed projections <c>[batch, token, 3 · head · headDim]</c>, ordered (q, k, v), heads contiguous inside each.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <returns><c>[batch, token, head · headDim]</c>.</returns>
    /// <exception cref="ShapeException">The last axis is not 3 · heads · headDim.</exception>
    public static Tensor Attention(Tensor qkv, int heads, float? scale = null)
    {
        RequireRank(qkv, 3, "qkv", "[batch, token, 3 · head · headDim]", nameof(Attention));
        (int batch, int tokens, int width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        if (heads <= 0 || width % (3 * heads) != 0)
            throw new ShapeException($"Attention: the last axis of {qkv.Shape} must be 3 · {heads} heads · headDim.");
        int headDim = width / (3 * heads);
        AttentionArguments arguments = new(batch, tokens, heads, headDim, scale ?? 1 / MathF.Sqrt(headDim));

        Tensor y = Result([batch, tokens, width / 3], [qkv]);
        Tensor logSums = Tensor.Empty([batch, heads, tokens], qkv.Device, origin: nameof(Attention));
        Backend backend = qkv.Device.Backend;
        backend.Attention(arguments, qkv.Storage, y.Storage, logSums.Storage);
        return Record(y, [qkv], output => backend.AttentionBackward(
            arguments, qkv.Storage, output.Storage, logSums.Storage, GradientOf(output), qkv.GradientStorage(out bool add), add), logSums);
    }

    /// <summary>
    /// The probabilities that <see cref="Attention"/> uses but never stores, by an unfused path: to look at attention, not to train.
    /// </summary>
    /// <inheritdoc cref="Attention"/>
    /// <returns><c>[batch, head, token, token]</c>; rows sum to 1.</returns>
    public static Tensor AttentionProbabilities(Tensor qkv, int heads, float? scale = null)
    {
        RequireRank(qkv, 3, "qkv", "[batch, token, 3 · head · headDim]", nameof(AttentionProbabilities));
        (int batch, int tokens, int width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        if (heads <= 0 || width % (3 * heads) != 0)
            throw new ShapeException($"AttentionProbabilities: the last axis of {qkv.Shape} must be 3 · {heads} heads · headDim.");
        int headDim = width / (3 * heads);
        Tensor split = Permute(qkv.Reshape(batch, tokens, 3, heads, headDim), 2, 0, 3, 1, 4);
        Tensor q = Slice(split, 0, 0, 1).Reshape(batch, heads, tokens, headDim);
        Tensor k = Slice(split, 0, 1, 1).Reshape(batch, heads, tokens, headDim);
        return Softmax(MatMul(q, k, transposeB: true, scale: scale ?? 1 / MathF.Sqrt(headDim)));
    }
}
