using Fovea.Tensors;

namespace Fovea.Vision.Attention.Contract;

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
        return [.. Enumerable.Range(0, parts)
            .Select(part => Ops.Slice(byPart, 0, part, 1).Reshape(batch, heads, tokens, headDim))];
    }

    /// <summary>One part of packed projections, <c>[batch, head, token, width]</c>.</summary>
    public static Tensor Split(HeadTensor heads)
    {
        int width = heads.Count * heads.Width;
        Tensor part = heads.Parts == 1 ? heads.Tensor : Ops.Slice(heads.Tensor, 2, heads.Part * width, width);
        return Ops.Permute(part.Reshape(heads.Batch, heads.Tokens, heads.Count, heads.Width), 0, 2, 1, 3);
    }

    /// <summary><c>[batch, head, token, headDim] → [batch, token, head · headDim]</c>.</summary>
    public static Tensor Merge(Tensor heads) =>
        Ops.Permute(heads, 0, 2, 1, 3).Reshape(heads.Shape[0], heads.Shape[2], heads.Shape[1] * heads.Shape[3]);

    /// <summary>
    /// Values of which token t has, in every head, the unit vector e_t. A linear mixture of them is its own weights, so
    /// a mechanism that runs on them instead of the values tells how it mixes.
    /// </summary>
    /// <returns><c>[batch, token, head · token]</c>.</returns>
    public static Tensor UnitVectors(int batch, int tokens, int heads, Device device)
    {
        float[] unit = new float[tokens * tokens];
        for (int token = 0; token < tokens; token++) unit[token * (tokens + 1)] = 1;
        return Ops.Expand(Tensor.From(unit, [1, tokens, 1, tokens], device), batch, tokens, heads, tokens)
            .Reshape(batch, tokens, -1);
    }
}
