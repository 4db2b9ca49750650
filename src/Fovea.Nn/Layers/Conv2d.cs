using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>2-D convolution, <c>[batch, in, height, width] → [batch, out, oh, ow]</c>, parameters <c>weight [out,
/// in/groups, k, k]</c> and <c>bias [out]</c>.</summary>
public sealed class Conv2d : Module
{
    private readonly int _stride, _padding, _dilation, _groups;

    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="kernel">Kernel rows and columns, pixels.</param>
    /// <param name="stride">Step between outputs, pixels.</param>
    /// <param name="padding">Zeros on all four sides, pixels.</param>
    /// <param name="dilation">Distance between kernel elements, pixels.</param>
    /// <param name="groups">Channel groups that do not mix; divides inputs and outputs.</param>
    /// <param name="bias">Have a bias.</param>
    /// <param name="weightInit">First weight; null: uniform in ±1/√fanIn, as PyTorch.</param>
    /// <param name="biasInit">First bias; null: uniform in ±1/√fanIn, as PyTorch.</param>
    /// <exception cref="UsageException">A size out of range, or groups that do not divide the channels.</exception>
    public Conv2d(
        int inputs, int outputs, int kernel, int stride = 1, int padding = 0, int dilation = 1, int groups = 1,
        bool bias = true, Initializer? weightInit = null, Initializer? biasInit = null)
    {
        Check.AtLeast(1, inputs, "Conv2d: inputs");
        Check.AtLeast(1, outputs, "Conv2d: outputs");
        Check.AtLeast(1, kernel, "Conv2d: kernel");
        Check.AtLeast(1, groups, "Conv2d: groups");
        Check.That(inputs % groups == 0 && outputs % groups == 0,
            $"Conv2d: {groups} groups must divide {inputs} inputs and {outputs} outputs.");
        (_stride, _padding, _dilation, _groups) = (stride, padding, dilation, groups);
        int fanIn = inputs / groups * kernel * kernel;
        Weight = Register(
            new Parameter("weight", [outputs, inputs / groups, kernel, kernel],
                weightInit ?? Init.KaimingUniform(Math.Sqrt(5))));
        if (bias)
            Bias = Register(new Parameter("bias", [outputs], biasInit ?? Init.Uniform(1 / Math.Sqrt(fanIn)),
                decay: false));
    }

    /// <summary><c>[out, in/groups, k, k]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary><c>[out]</c>, or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>The convolution; see <see cref="Ops.Conv2d"/>.</summary>
    public Tensor Forward(Tensor x) => Ops.Conv2d(x, Weight, Bias, _stride, _padding, _dilation, _groups);

    /// <summary>Multiply-adds for one image of this size.</summary>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    public double Macs(int height, int width) => (double)Weight.Shape.Elements * Positions(height) * Positions(width);

    /// <summary>Rows that come of so many, or columns.</summary>
    public int Positions(int size) => (size + 2 * _padding - _dilation * (Weight.Shape[^1] - 1) - 1) / _stride + 1;

    internal Tensor ForwardNormed(Tensor x, BatchNorm2d norm, float epsilon, Tensor? residual, bool relu) =>
        Ops.NormedConv2d(
        x, Weight, Bias, norm.Weight, norm.Bias, norm.RunningMean, norm.RunningVariance, epsilon, residual, relu,
        _stride, _padding, _dilation, _groups);
}
