namespace Fovea.Tensors;

public static partial class Ops
{
    /// <summary>
    /// Fused softmax attention of the positions of a grid over their neighbours, and over the tokens before the grid:
    /// y_i = Σ_j softmax_j(scale · q_i·k_j) v_j.
    /// </summary>
    /// <remarks>Time O(position · (kernel² + prefix) · headDim) per head, extra memory O(position): weights are
    /// computed again in the backward pass.</remarks>
    /// <param name="qkv">Packed projections <c>[batch, prefix + rows · columns, 3 · head · headDim]</c>, ordered (q, k,
    /// v).</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="grid">Rows and columns.</param>
    /// <param name="neighborhood">Which positions a position sees.</param>
    /// <param name="prefix">Tokens before the grid, which all positions see.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <returns><c>[batch, rows · columns, head · headDim]</c>: the grid's queries alone.</returns>
    /// <exception cref="ShapeException">The tokens are not of this number, or the last axis is not 3 · heads ·
    /// headDim.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A kernel that is even or below 1, or a dilation below
    /// 1.</exception>
    public static Tensor NeighborhoodAttention(
        Tensor qkv, int heads, GridLevel grid, Neighborhood neighborhood, int prefix = 0, float? scale = null)
    {
        RequirePacked(qkv, heads);
        if (prefix < 0 || grid.Rows < 1 || grid.Columns < 1 || qkv.Shape[1] != prefix + grid.Count)
            throw new ShapeException($"NeighborhoodAttention: qkv must have {prefix} + {grid.Rows} · {grid.Columns} "
                + $"tokens, got {qkv.Shape}.");
        if (neighborhood is not { Kernel: > 0, Dilation: > 0 } || neighborhood.Kernel % 2 == 0)
            throw new ArgumentOutOfRangeException(nameof(neighborhood), neighborhood,
                "NeighborhoodAttention: the kernel must be odd, and the dilation 1 or more.");
        HeadTensor queries = new(qkv, heads, 3), keys = queries with { Part = 1 }, values = queries with { Part = 2 };
        NeighborhoodArguments arguments = new(queries.Batch, prefix, grid, heads, queries.Width,
            scale ?? 1 / MathF.Sqrt(queries.Width), neighborhood, queries.View, keys.View, values.View);
        Tensor y = Result([arguments.Batch, grid.Count, heads * arguments.HeadDim], [qkv]);
        Tensor logSums = Tensor.Empty([arguments.Batch, heads, grid.Count], y.Device,
            origin: nameof(NeighborhoodAttention));
        Backend backend = y.Device.Backend;
        backend.NeighborhoodAttention(arguments, y.Storage, logSums.Storage);
        return Record(y, [qkv], output =>
        {
            HeadGradient[] gradients = HeadTensor.Gradients(queries, keys, values);
            backend.NeighborhoodAttentionBackward(arguments, logSums.Storage, GradientOf(output), gradients[0],
                gradients[1], gradients[2]);
        }, logSums);
    }
}
