using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision;

/// <summary>An attention model whose blocks pass tokens of one width on to each other, so that the tokens of each can
/// be read by the classifier head, or replaced.</summary>
public interface IBlockModel : IAttentionModel
{
    /// <summary>Attention heads of each block.</summary>
    int Heads { get; }

    /// <summary>The first block's input.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, token, dim]</c>, the tokens of <see cref="IAttentionModel.GridOf"/>.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    Tensor Embed(Tensor images);

    /// <summary>Class scores of tokens that go through the blocks from one on.</summary>
    /// <param name="block">The first block to compute, from 0; the number of blocks: the classifier head alone.</param>
    /// <param name="tokens">Its input, <c>[batch, token, dim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="recorder">Hears what these blocks do, or null.</param>
    /// <returns>Logits <c>[batch, class]</c>; pooled features <c>[batch, dim]</c> if the model has no classifier
    /// head.</returns>
    Tensor ForwardFrom(int block, Tensor tokens, TokenGrid grid, IAttentionRecorder? recorder = null);
}
