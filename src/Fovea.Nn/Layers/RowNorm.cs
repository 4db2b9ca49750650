using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>Norm over the last axis, <c>[..., dim]</c>, with a learned scale: parameter <c>weight [dim]</c>.</summary>
public abstract class RowNorm : Module
{
    private protected RowNorm(string name, int dim, float epsilon)
    {
        Check.AtLeast(1, dim, $"{name}: dim");
        Epsilon = epsilon;
        Weight = Register(new Parameter("weight", [dim], Init.Ones, decay: false));
    }

    /// <summary>Added to the variance, or to the mean square.</summary>
    public float Epsilon { get; }

    /// <summary>Scale <c>[dim]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>The same norm for <see cref="Ops.PrepareHeads"/>: dim is a head's.</summary>
    public HeadNorm OfHeads => new(Weight, Shift?.Value, Epsilon);

    private protected virtual Parameter? Shift => null;

    /// <summary>norm(x), row by row, <c>[..., dim]</c>.</summary>
    public abstract Tensor Forward(Tensor x);

    /// <summary>norm(x) wᵀ + b in one operator.</summary>
    internal abstract Tensor Project(Tensor x, Tensor weight, Tensor? bias);
}
