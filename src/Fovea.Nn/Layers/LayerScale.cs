using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>A learned factor per channel at the end of a residual branch, parameter <c>gamma [dim]</c> (Touvron et al.
/// 2021, arXiv:2103.17239).</summary>
public sealed class LayerScale : Module
{
    /// <param name="dim">Size of the last axis.</param>
    /// <param name="initial">First value of every factor.</param>
    /// <exception cref="UsageException">A size below 1.</exception>
    public LayerScale(int dim, float initial)
    {
        Check.AtLeast(1, dim, "LayerScale: dim");
        Gamma = Register(new Parameter("gamma", [dim], Init.Constant(initial), decay: false));
    }

    /// <summary><c>[dim]</c>.</summary>
    public Parameter Gamma { get; }

    /// <summary>x · gamma, <c>[..., dim]</c>.</summary>
    public Tensor Forward(Tensor x) => Ops.Multiply(x, Gamma);
}
