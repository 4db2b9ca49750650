using System.Numerics;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Embedding;

/// <summary>
/// Tokens from three 3x3 convolutions with padding 1, bias and ReLU, channels → dim/4 → dim/2 → dim: neighbouring tokens share pixels, and the model need
/// not learn what an edge is. A patch size above 1 is reached by strides of 2 (Xiao et al. 2021, "Early convolutions help transformers see
/// better", arXiv:2106.14881). Parameters <c>convs.0.weight</c>, ... <c>convs.2.bias</c>.
/// </summary>
public sealed class ConvolutionalEmbedding : Module, IPatchEmbedding
{
    private const int Layers = 3;

    private readonly Conv2d[] _convolutions;
    private readonly int _channels, _patchSize, _dim;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="patchSize">Pixels from one token to the next: 1, 2, 4 or 8.</param>
    /// <param name="dim">Elements of a token, a multiple of 4.</param>
    /// <exception cref="ConfigurationException">Another patch size or dim.</exception>
    public ConvolutionalEmbedding(int channels, int patchSize, int dim)
    {
        Check(patchSize, dim);
        (_channels, _patchSize, _dim) = (channels, patchSize, dim);
        int[] widths = [channels, dim / 4, dim / 2, dim];
        int halvings = BitOperations.Log2((uint)patchSize);
        _convolutions = [.. Enumerable.Range(0, Layers).Select(i => Register(
            $"convs.{i}", new Conv2d(widths[i], widths[i + 1], kernel: 3, stride: i < halvings ? 2 : 1, padding: 1, weightInit: Init.KaimingNormal(), biasInit: Init.Zeros)))];
    }

    /// <inheritdoc/>
    public TokenGrid Grid(int height, int width) => new(0, height / _patchSize, width / _patchSize);

    /// <inheritdoc/>
    public double MultiplyAdds(int height, int width)
    {
        double total = 0, pixels = (double)height * width, patches = Grid(height, width).Patches;
        foreach (Conv2d convolution in _convolutions)
        {
            pixels = Math.Max(patches, pixels / (pixels > patches ? 4 : 1));   // strides of 2 come first
            total += pixels * convolution.Weight.Shape.Count;
        }

        return total;
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != _channels)
            throw new ShapeException($"ConvolutionalEmbedding: images must be [batch, {_channels}, height, width], got {images.Shape}.");
        if (images.Shape[2] % _patchSize != 0 || images.Shape[3] % _patchSize != 0)
            throw new ShapeException($"ConvolutionalEmbedding: height and width must be multiples of {_patchSize}, got {images.Shape}.");
        Tensor x = images;
        foreach (Conv2d convolution in _convolutions) x = Ops.Relu(convolution.Forward(x));
        return Ops.Permute(x.Reshape(x.Shape[0], _dim, -1), 0, 2, 1);
    }

    internal static void Check(int patchSize, int dim)
    {
        Nn.Check.That(patchSize is 1 or 2 or 4 or 8, $"PatchSize: convolutional tokens lie 1, 2, 4 or 8 pixels apart, got {patchSize}.");
        Nn.Check.That(dim % 4 == 0, $"Dim: convolutional tokens need a multiple of 4, got {dim}.");
    }
}
