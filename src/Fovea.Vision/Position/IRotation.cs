using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>A position kind that rotates queries and keys: element j of a head's vector forms a pair with j +
/// headDim/2, which turns by an angle of its own.</summary>
public interface IRotation
{
    /// <summary>Cosines and sines of the angles, each <c>[1, token, head, headDim / 2]</c>, or with one head that
    /// stands for all.</summary>
    (Tensor Cosines, Tensor Sines) Tables(TokenGrid grid, Device device);
}

/// <summary>Parts that rotations share.</summary>
internal static class Rotation
{
    /// <exception cref="UsageException">Elements of a head's query that are no multiple of 4.</exception>
    internal static int Require(int headDim, string kind)
    {
        if (headDim % 4 == 0) return headDim;
        throw new UsageException(
            $"{kind} rotates pairs of elements by row and by column, so heads need a multiple of 4 elements, got "
                + $"{headDim}; choose `dim`, `heads` or `head-dim` accordingly.")
        { Field = "position" };
    }

    /// <summary>(a, b) ← (a cos θ − b sin θ, b cos θ + a sin θ).</summary>
    /// <param name="vectors"><c>[batch, token, head, headDim]</c>.</param>
    /// <param name="tables">From <see cref="IRotation.Tables"/>.</param>
    /// <returns>The same shape.</returns>
    internal static Tensor Turn(Tensor vectors, (Tensor Cosines, Tensor Sines) tables)
    {
        (Tensor cos, Tensor sin) = tables;
        int half = vectors.Shape[3] / 2;
        Tensor first = Ops.Slice(vectors, 3, 0, half), second = Ops.Slice(vectors, 3, half, half);
        return Ops.Concat(3,
            Ops.Subtract(Ops.Multiply(first, cos), Ops.Multiply(second, sin)),
            Ops.Add(Ops.Multiply(second, cos), Ops.Multiply(first, sin)));
    }
}
