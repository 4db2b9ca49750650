using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>While training, zeroes elements at random and scales the others up (Srivastava et al. 2014).</summary>
/// <remarks>One instance per place of use: its draw is keyed by its name, so using it twice in a step repeats the
/// mask.</remarks>
public sealed class Dropout : Module
{
    /// <param name="probability">Share of zeroed elements, at least 0 and below 1.</param>
    /// <exception cref="UsageException">The probability is out of range.</exception>
    public Dropout(float probability) => Probability = Check.Probability(probability, "Dropout: probability");

    /// <summary>Share of zeroed elements.</summary>
    public float Probability { get; }

    /// <summary>It does something: training, and the probability is above 0.</summary>
    public bool IsActive => Training && Probability > 0;

    /// <summary>Same shape as <paramref name="x"/>, and the same tensor where inactive.</summary>
    public Tensor Forward(Tensor x) => IsActive ? Ops.Dropout(x, Probability, LayerRandom(), Context.FirstSample) : x;
}
