using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>Takes packed projections apart, for mechanisms that are composed of operators.</summary>
public static class PackedHeads
{
    /// <summary>Queries, keys or values of packed projections.</summary>
    /// <param name="packed"><c>[batch, token, part · head · headDim]</c>.</param>
    /// <param name="parts">Number of parts, 3 for queries, keys and values.</param>
    /// <param name="heads">Number of heads.</param>
    /// <returns>One tensor <c>[batch, head, token, headDim]</c> per part.</returns>
    /// <exception cref="ShapeException">The last axis is not parts · heads · headDim.</exception>
    public static Tensor[] Split(Tensor packed, int parts, int heads)
    {
        (int batch, int tokens, int headDim) = (packed.Shape[0], packed.Shape[1], packed.Shape[2] / (parts * heads));
        Tensor byPart = Ops.Permute(packed.Reshape(batch, tokens, parts, heads, headDim), 2, 0, 3, 1, 4);
        return [.. Enumerable.Range(0, parts).Select(part => Ops.Slice(byPart, 0, part, 1).Reshape(batch, heads, tokens, headDim))];
    }

    /// <summary><c>[batch, head, token, headDim] → [batch, token, head · headDim]</c>.</summary>
    public static Tensor Merge(Tensor heads) =>
        Ops.Permute(heads, 0, 2, 1, 3).Reshape(heads.Shape[0], heads.Shape[2], heads.Shape[1] * heads.Shape[3]);
}
