using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Models.Residual;

/// <summary>
/// relu(branch(x) + shortcut(x)), <c>[batch, channel, height, width]</c> (He et al. 2016, arXiv:1512.03385, figure 5):
/// the branch is a chain of convolutions with batch norms and ReLUs between them. The shortcut is x itself, or a 1x1
/// convolution with norm where the size changes. A bottleneck's stride is that of its 3x3 convolution.
/// </summary>
public sealed class ResidualBlock : Module
{
    private readonly NormedConvolution[] _branch;
    private readonly NormedConvolution? _shortcut;
    private readonly DropPath _path;

    /// <param name="config">The model.</param>
    /// <param name="inputs">Channels of x.</param>
    /// <param name="width">Channels inside.</param>
    /// <param name="stride">Step between results, pixels.</param>
    /// <param name="dropPath">Share of samples that skip the branch while training, at least 0 and below 1.</param>
    /// <exception cref="UsageException">A size below 1.</exception>
    public ResidualBlock(ResNetConfig config, int inputs, int width, int stride, float dropPath = 0)
    {
        Outputs = width * (config.Block == ResidualKind.Basic ? 1 : 4);
        (int Kernel, int Out, int Stride)[] layers = config.Block == ResidualKind.Basic
            ? [(3, width, stride), (3, width, 1)]
            : [(1, width, 1), (3, width, stride), (1, Outputs, 1)];
        _branch = new NormedConvolution[layers.Length];
        for (int i = 0, channels = inputs; i < layers.Length; channels = layers[i++].Out)
            _branch[i] = Layer($"conv{i + 1}", $"bn{i + 1}", channels, layers[i].Out, layers[i].Kernel,
                layers[i].Stride, config.ZeroBranches && i == layers.Length - 1);
        if (stride != 1 || inputs != Outputs)
            _shortcut = Layer("downsample.0", "downsample.1", inputs, Outputs, 1, stride, false);
        _path = Register("drop_path", new DropPath(dropPath));

        NormedConvolution Layer(string name, string norm, int inputs, int outputs, int kernel, int stride, bool zero) =>
            new(
            Register(name, new Conv2d(inputs, outputs, kernel, stride, kernel / 2, bias: false,
                weightInit: Init.KaimingNormal(fanOut: true))),
            Register(norm, new BatchNorm2d(outputs, config.NormMomentum, config.NormEpsilon,
                scaleInit: zero ? Init.Zeros : null)));
    }

    /// <summary>Channels of the result.</summary>
    public int Outputs { get; }

    /// <param name="x"><c>[batch, inputs, height, width]</c>.</param>
    /// <returns><c>[batch, Outputs, oh, ow]</c>.</returns>
    public Tensor Forward(Tensor x)
    {
        Tensor shortcut = _shortcut?.Forward(x) ?? x, y = x;
        foreach (NormedConvolution layer in _branch[..^1]) y = layer.Forward(y, relu: true);
        return _path.IsActive
            ? Ops.Apply(UnaryOperator.Relu, Ops.Add(shortcut, _path.Forward(_branch[^1].Forward(y))))
            : _branch[^1].Forward(y, shortcut, relu: true);
    }

    /// <summary>MACs for one image, whose size becomes that of the result.</summary>
    internal double Macs(ref int size)
    {
        int before = size;
        double total = _shortcut?.Macs(ref before) ?? 0;
        foreach (NormedConvolution layer in _branch) total += layer.Macs(ref size);
        return total;
    }
}
