using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>While training, drops a residual branch for whole samples at random (stochastic depth,
/// arXiv:1603.09382).</summary>
public sealed class DropPath : Module
{
    /// <param name="probability">Share of dropped samples, at least 0 and below 1.</param>
    /// <exception cref="UsageException">The probability is out of range.</exception>
    public DropPath(float probability) => Probability = Check.Probability(probability, "DropPath: probability");

    /// <summary>Share of dropped samples.</summary>
    public float Probability { get; }

    /// <summary>It does something: training, and the probability is above 0.</summary>
    public bool IsActive => Training && Probability > 0;

    /// <summary><c>[batch, ...]</c>, and the same tensor where inactive.</summary>
    public Tensor Forward(Tensor x) => IsActive ? Ops.DropPath(x, Probability, LayerRandom(), Context.FirstSample) : x;
}
