using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Position;

/// <summary>Gives tokens their positions.</summary>
public interface IPositionEmbedding
{
    /// <summary>The positions on a grid, resampled where it is not the configured one.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <returns><c>[1, token, dim]</c>, prefix first.</returns>
    /// <exception cref="ShapeException">The grid has another prefix.</exception>
    Tensor At(TokenGrid grid);

    /// <param name="tokens"><c>[batch, token, dim]</c>, prefix first.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <returns>The tokens with their positions, same shape.</returns>
    /// <exception cref="ShapeException">The grid has another prefix.</exception>
    Tensor Forward(Tensor tokens, TokenGrid grid) => Ops.Add(tokens, At(grid));
}
