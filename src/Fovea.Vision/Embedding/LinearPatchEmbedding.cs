using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Embedding;

/// <summary>
/// One linear map per patch (Dosovitskiy et al. 2021, eq. 1): a convolution whose stride is its kernel, computed as one
/// matrix product. Parameters <c>proj.weight [dim, channel, patch, patch]</c> and <c>proj.bias [dim]</c>.
/// </summary>
public sealed class LinearPatchEmbedding : Module, IPatchEmbedding
{
    private readonly Parameter _weight, _bias;
    private readonly int _channels, _patchSize, _dim;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="patchSize">Side of a patch, pixels.</param>
    /// <param name="dim">Elements of a token.</param>
    public LinearPatchEmbedding(int channels, int patchSize, int dim)
    {
        _channels = channels;
        _patchSize = patchSize;
        _dim = dim;
        // PyTorch's convolution, which timm leaves as it is
        double bound = 1 / Math.Sqrt(channels * patchSize * patchSize);
        _weight = Register(new Parameter("proj.weight", [dim, channels, patchSize, patchSize], Init.Uniform(bound)));
        _bias = Register(new Parameter("proj.bias", [dim], Init.Uniform(bound), decay: false));
    }

    /// <inheritdoc/>
    public TokenGrid Grid(int height, int width) => new(0, height / _patchSize, width / _patchSize);

    /// <inheritdoc/>
    public double Macs(int height, int width) =>
        (double)Grid(height, width).Patches * _dim * _channels * _patchSize * _patchSize;

    /// <inheritdoc/>
    public Tensor Forward(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != _channels)
            throw new ShapeException(
                $"LinearPatchEmbedding: images must be [batch, {_channels}, height, width], got {images.Shape}.");
        return Ops.Linear(Ops.Patchify(images, _patchSize), _weight.Value.Reshape(_dim, -1), _bias);
    }
}
