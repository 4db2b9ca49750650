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
}
