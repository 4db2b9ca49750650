using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Embedding;

/// <summary>Turns an image into a grid of tokens.</summary>
public interface IPatchEmbedding
{
    /// <summary>The grid that an image of this size becomes, without prefix tokens.</summary>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    TokenGrid Grid(int height, int width);

    /// <summary>MACs for one image of this size.</summary>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    double Macs(int height, int width);

    /// <param name="images"><c>[batch, channel, height, width]</c>.</param>
    /// <returns><c>[batch, gridRow · gridColumn, dim]</c>.</returns>
    /// <exception cref="ShapeException">Other channels, or a size that does not divide into patches.</exception>
    Tensor Forward(Tensor images);
}
