using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>Layer norm over the last axis, <c>[..., dim]</c>, parameters <c>weight [dim]</c> and <c>bias [dim]</c>
/// (arXiv:1607.06450).</summary>
public sealed class LayerNorm : RowNorm
{
    /// <param name="dim">Size of the last axis.</param>
    /// <param name="epsilon">Keeps the quotient finite; timm's ViTs use 1e-6, PyTorch's default is 1e-5.</param>
    /// <exception cref="UsageException">A size below 1.</exception>
    public LayerNorm(int dim, float epsilon = 1e-6f)
        : base(nameof(LayerNorm), dim, epsilon) =>
        Bias = Register(new Parameter("bias", [dim], Init.Zeros, decay: false));

    /// <summary>Shift <c>[dim]</c>.</summary>
    public Parameter Bias { get; }

    private protected override Parameter? Shift => Bias;

    /// <summary>(x − mean) / √(variance + ε) · weight + bias, row by row.</summary>
    public override Tensor Forward(Tensor x) => Ops.LayerNorm(x, Weight, Bias, Epsilon);

    internal override Tensor Project(Tensor x, Tensor weight, Tensor? bias) =>
        Ops.LayerNormLinear(x, Weight, Bias, Epsilon, weight, bias);
}
