using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>RMS norm over the last axis, <c>[..., dim]</c>, parameter <c>weight [dim]</c>: as layer norm, without mean
/// and shift (Zhang and Sennrich 2019, arXiv:1910.07467).</summary>
public sealed class RmsNorm : RowNorm
{
    /// <param name="dim">Size of the last axis.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <exception cref="UsageException">A size below 1.</exception>
    public RmsNorm(int dim, float epsilon = 1e-6f)
        : base(nameof(RmsNorm), dim, epsilon)
    {
    }

    /// <summary>x / √(mean(x²) + ε) · weight, row by row.</summary>
    public override Tensor Forward(Tensor x) => Ops.RmsNorm(x, Weight, Epsilon);

    internal override Tensor Project(Tensor x, Tensor weight, Tensor? bias) =>
        Ops.RmsNormLinear(x, Weight, Epsilon, weight, bias);
}
