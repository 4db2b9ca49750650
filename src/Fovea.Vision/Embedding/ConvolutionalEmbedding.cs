using System.Numerics;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Embedding;

/// <summary>
/// Tokens from 3x3 convolutions with padding 1 and ReLU: neighbouring tokens share pixels, and the model need not learn
/// what an edge is. Either three with bias, channels → dim/4 → dim/2 → dim, of which the first have strides of 2 where
/// the patch size asks for it (Xiao et al. 2021, "Early convolutions help transformers see better", arXiv:2106.14881);
/// or, pooled, one without bias per halving of the image, channels → 64 → ... → dim, each with a 3x3 max pooling of
/// stride 2 behind it (Hassani et al. 2021, "Escaping the big data paradigm with compact transformers",
/// arXiv:2104.05704, section 3.3). Parameters <c>convs.0.weight</c>, <c>convs.0.bias</c>, ...
/// </summary>
public sealed class ConvolutionalEmbedding : Module, IPatchEmbedding
{
    private const int StemLayers = 3, InnerChannels = 64;

    private readonly Conv2d[] _convolutions;
    private readonly int[] _strides;
    private readonly int _channels, _patchSize, _dim;
    private readonly bool _pools;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="patchSize">Pixels from one token to the next: 1, 2, 4 or 8; pooled 2, 4, 8 or 16.</param>
    /// <param name="dim">Elements of a token; a multiple of 4 unless pooled.</param>
    /// <param name="pools">Max pooling in place of strides.</param>
    /// <exception cref="UsageException">Another patch size or dim.</exception>
    public ConvolutionalEmbedding(int channels, int patchSize, int dim, bool pools = false)
    {
        Require(patchSize, dim, pools);
        _channels = channels;
        _patchSize = patchSize;
        _dim = dim;
        _pools = pools;
        int halvings = BitOperations.Log2((uint)patchSize);
        int[] widths = pools ? [channels, .. Enumerable.Repeat(InnerChannels, halvings - 1), dim]
            : [channels, dim / 4, dim / 2, dim];
        _strides = [.. Enumerable.Range(0, pools ? halvings : StemLayers).Select(i => !pools && i < halvings ? 2 : 1)];
        _convolutions = [.. _strides.Select((stride, i) => Register(
            $"convs.{i}", new Conv2d(widths[i], widths[i + 1], kernel: 3, stride, padding: 1, bias: !pools,
                weightInit: Init.KaimingNormal(), biasInit: Init.Zeros)))];
    }

    /// <inheritdoc/>
    public TokenGrid Grid(int height, int width) => new(0, height / _patchSize, width / _patchSize);

    /// <inheritdoc/>
    public double Macs(int height, int width)
    {
        double total = 0, pixels = (double)height * width;
        for (int i = 0; i < _convolutions.Length; i++)
        {
            pixels /= _strides[i] * _strides[i];
            total += pixels * _convolutions[i].Weight.Shape.Elements;
            if (_pools) pixels /= 4;
        }

        return total;
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != _channels)
            throw new ShapeException(
                $"ConvolutionalEmbedding: images must be [batch, {_channels}, height, width], got {images.Shape}.");
        if (images.Shape[2] % _patchSize != 0 || images.Shape[3] % _patchSize != 0)
            throw new ShapeException(
                $"ConvolutionalEmbedding: height and width must be multiples of {_patchSize}, got {images.Shape}.");
        Tensor x = images;
        foreach (Conv2d convolution in _convolutions)
        {
            x = convolution.Forward(x);
            // published the other way round: the same from four times the elements
            x = Ops.Relu(_pools ? Ops.MaxPool(x, kernel: 3, stride: 2, padding: 1) : x);
        }

        return Ops.Permute(x.Reshape(x.Shape[0], _dim, -1), 0, 2, 1);
    }

    internal static void Require(int patchSize, int dim, bool pools)
    {
        if (pools)
        {
            Check.That(patchSize is 2 or 4 or 8 or 16,
                $"PatchSize: pooled tokens lie 2, 4, 8 or 16 pixels apart, got {patchSize}.");
            return;
        }

        Check.That(patchSize is 1 or 2 or 4 or 8,
            $"PatchSize: convolutional tokens lie 1, 2, 4 or 8 pixels apart, got {patchSize}.");
        Check.That(dim % 4 == 0, $"Dim: convolutional tokens need a multiple of 4, got {dim}.");
    }
}
