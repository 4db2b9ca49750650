using System.Numerics;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Embedding;

/// <summary>
/// Tokens from a residual network (Dosovitskiy et al. 2021, arXiv:2010.11929, section 3.1, "hybrid architecture"): a
/// 7x7 convolution, max pooling, stages of bottlenecks, and a linear map of each position of their result. Convolutions
/// are standardised and normed by groups, as in Big Transfer (Kolesnikov et al. 2020, arXiv:1912.11370). Names are
/// timm's, <c>backbone.stem.conv</c>, <c>backbone.stages.0.blocks.0.conv1</c>, ..., <c>proj</c>.
/// </summary>
public sealed class ResidualEmbedding : Module, IPatchEmbedding
{
    private const int StemStride = 4;

    private readonly StandardizedConv2d _stem;
    private readonly GroupNorm _stemNorm;
    private readonly List<Bottleneck> _blocks = [];
    private readonly Conv2d _projection;
    private readonly int _channels, _stride;

    /// <param name="channels">Channels of the image.</param>
    /// <param name="stages">Blocks of each stage; each but the first halves the image.</param>
    /// <param name="width">Channels of the stem; stages have 4, 8, ... times as many.</param>
    /// <param name="dim">Elements of a token.</param>
    public ResidualEmbedding(int channels, IReadOnlyList<int> stages, int width, int dim)
    {
        (_channels, _stride) = (channels, StrideOf(stages));
        _stem = Register("backbone.stem.conv", new StandardizedConv2d(channels, width, 7, 2));
        _stemNorm = Register("backbone.stem.norm", Norm(width, width));
        int inputs = width;
        for (int stage = 0; stage < stages.Count; stage++)
            for (int i = 0, outputs = 4 * width << stage; i < stages[stage]; i++)
            {
                _blocks.Add(Register($"backbone.stages.{stage}.blocks.{i}",
                    new Bottleneck(inputs, outputs, i == 0 && stage > 0 ? 2 : 1, i == 0, width)));
                inputs = outputs;
            }

        _projection = Register("proj", new Conv2d(inputs, dim, 1));
    }

    /// <summary>Pixels from one token to the next.</summary>
    internal static int StrideOf(IReadOnlyList<int> stages) => StemStride << (stages.Count - 1);

    /// <inheritdoc/>
    public TokenGrid Grid(int height, int width) => new(0, height / _stride, width / _stride);

    /// <inheritdoc/>
    public double Macs(int height, int width)
    {
        double total = _stem.Macs(height, width);
        (height, width) = (height / StemStride, width / StemStride);
        foreach (Bottleneck block in _blocks) total += block.Macs(ref height, ref width);
        return total + _projection.Macs(height, width);
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != _channels || images.Shape[2] % _stride != 0
            || images.Shape[3] % _stride != 0)
            throw new ShapeException($"ResidualEmbedding: images must be [batch, {_channels}, height, width] with "
                + $"multiples of {_stride}, got {images.Shape}.");
        Tensor x = Ops.Relu(_stemNorm.Forward(_stem.Forward(images)));
        // sizes are even here, so that SAME is a row and a column more at the end
        x = Ops.MaxPool(x, kernel: 3, stride: 2, ceiling: true);
        foreach (Bottleneck block in _blocks) x = block.Forward(x);
        Tensor tokens = _projection.Forward(x);
        return Ops.Permute(tokens.Reshape(tokens.Shape[0], tokens.Shape[1], -1), 0, 2, 1);
    }

    /// <summary>32 groups behind a stem of 64 channels, as published, and in proportion: groups of one channel would
    /// take from an image how bright it is and in which colours.</summary>
    private static GroupNorm Norm(int channels, int width) => new(channels,
        (int)BigInteger.GreatestCommonDivisor(Math.Max(1, width / 2), channels));

    /// <summary>relu(norm3(conv3(relu(norm2(conv2(relu(norm1(conv1(x)))))))) + shortcut(x)).</summary>
    private sealed class Bottleneck : Module
    {
        private readonly (StandardizedConv2d Convolution, GroupNorm Norm)[] _branch;
        private readonly (StandardizedConv2d Convolution, GroupNorm Norm)? _shortcut;

        public Bottleneck(int inputs, int outputs, int stride, bool isFirst, int width)
        {
            int inner = outputs / 4;
            if (isFirst)
                _shortcut = (Register("downsample.conv", new StandardizedConv2d(inputs, outputs, 1, stride)),
                    Register("downsample.norm", Norm(outputs, width)));
            _branch =
            [
                Layer(1, new(inputs, inner, 1), inner), Layer(2, new(inner, inner, 3, stride), inner),
                Layer(3, new(inner, outputs, 1), outputs),
            ];

            (StandardizedConv2d, GroupNorm) Layer(int number, StandardizedConv2d convolution, int channels) =>
                (Register($"conv{number}", convolution), Register($"norm{number}", Norm(channels, width)));
        }

        public Tensor Forward(Tensor x)
        {
            Tensor shortcut = _shortcut is { } change ? change.Norm.Forward(change.Convolution.Forward(x)) : x, y = x;
            foreach ((StandardizedConv2d convolution, GroupNorm norm) in _branch[..^1])
                y = Ops.Relu(norm.Forward(convolution.Forward(y)));
            return Ops.Relu(Ops.Add(_branch[^1].Norm.Forward(_branch[^1].Convolution.Forward(y)), shortcut));
        }

        public double Macs(ref int height, ref int width)
        {
            double total = _shortcut?.Convolution.Macs(height, width) ?? 0;
            foreach ((StandardizedConv2d convolution, _) in _branch)
            {
                total += convolution.Macs(height, width);
                (height, width) = (convolution.Positions(height), convolution.Positions(width));
            }

            return total;
        }
    }
}
