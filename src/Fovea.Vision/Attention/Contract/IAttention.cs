using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Contract;

/// <summary>
/// A mechanism by which tokens attend to each other, between the input projection and the output projection that all
/// mechanisms share. A mechanism with parameters or randomness is a <see cref="Nn.Module"/> too; its parameters then
/// stand beside <c>qkv</c> and <c>proj</c>.
/// </summary>
public interface IAttention
{
    /// <summary>Columns that the input projection has to deliver; 3 · head · headDim for packed queries, keys and
    /// values.</summary>
    int ProjectedWidth { get; }

    /// <summary>Changes of its input that it allows; a model that asks for more is refused.</summary>
    AttentionParts Takes => AttentionParts.None;

    /// <param name="input">Projected tokens.</param>
    /// <returns>Mixed values, <c>[batch, token, head · headDim]</c>.</returns>
    /// <exception cref="ShapeException">The projected tokens are not of the expected width.</exception>
    Tensor Forward(AttentionInput input);

    /// <summary>Steps between the mixing and the output projection: norms of heads, and the like. They stand apart so
    /// that recorded maps are weights of the values.</summary>
    /// <param name="input">What <see cref="Forward"/> got.</param>
    /// <param name="mixed">Mixed values, <c>[batch, token, head · headDim]</c>.</param>
    /// <returns>The same shape.</returns>
    Tensor Finish(AttentionInput input, Tensor mixed) => mixed;

    /// <summary>MACs of <see cref="Forward"/>'s products for one sequence, between the projections; a window is not
    /// subtracted.</summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    double Macs(TokenGrid grid);

    /// <summary>
    /// Exponentials of <see cref="Forward"/> for one sequence. Devices that multiply matrices fast have few units for
    /// them, so that a mechanism may take longer than its products tell; 0 where they do not count beside the products.
    /// </summary>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    double Exponentials(TokenGrid grid) => 0;

    /// <summary>The weights with which <see cref="Forward"/> mixes the values, by a path that may be slow: to look at,
    /// not to train.</summary>
    /// <returns><c>[batch, head, token, token]</c>: row = who looks, column = at whom.</returns>
    Tensor Probabilities(AttentionInput input);
}
