using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Contract;

/// <summary>Input of a mechanism in a forward pass.</summary>
/// <param name="Projected">The input projection's result <c>[batch, token, width]</c>; for most packed as <c>[batch,
/// token, 3, head, headDim]</c>.</param>
/// <param name="Grid">Arrangement of the tokens over the image.</param>
/// <param name="Projection">The input projection itself, for mechanisms that send more than the tokens through
/// it.</param>
/// <param name="Norm">The norm before the input projection; null: there is none.</param>
/// <param name="Tokens">What it norms, <c>[batch, token, dim]</c>; mechanisms read it through
/// <see cref="Project"/>.</param>
/// <param name="Bias">Addend of the scores by relative position, for mechanisms that take one; null: there is
/// none.</param>
public readonly record struct AttentionInput(
    Tensor Projected, TokenGrid Grid, Linear Projection, RowNorm? Norm = null, Tensor? Tokens = null,
    PositionBias? Bias = null)
{
    /// <summary>
    /// A projection of the normed tokens that is the mechanism's own: layer(norm(tokens)) in one operator, as the input
    /// projection itself. The normed tokens are never stored, and nothing is computed for mechanisms that do not ask.
    /// </summary>
    /// <param name="layer">From <c>dim</c> to any width.</param>
    /// <returns><c>[batch, token, width]</c>.</returns>
    /// <exception cref="InvalidOperationException">The input was made without tokens.</exception>
    public Tensor Project(Linear layer)
    {
        Tensor tokens = Tokens ?? throw new InvalidOperationException(
            "AttentionInput: this mechanism projects the tokens itself; give Tokens and Norm.");
        return Norm is null ? layer.Forward(tokens) : layer.Forward(Norm, tokens);
    }
}
