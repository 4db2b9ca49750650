using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Input projection <c>qkv</c>, a mechanism, output projection <c>proj</c>: <c>[batch, token, dim] → [batch,
/// token, dim]</c>.</summary>
public sealed class AttentionLayer : Module
{
    private readonly Dropout _dropout;

    /// <param name="mechanism">The attention mechanism.</param>
    /// <param name="context">What the mechanism was built with.</param>
    /// <param name="qkvBias">Bias in the input projection.</param>
    /// <param name="projectionBias">Bias in the output projection.</param>
    /// <param name="dropout">Share of zeroed elements behind the output projection, at least 0 and below 1.</param>
    /// <param name="weightInit">First weights of the projections.</param>
    /// <param name="biasInit">First biases of the projections.</param>
    public AttentionLayer(
        IAttention mechanism, AttentionContext context, bool qkvBias, bool projectionBias, float dropout,
        Initializer weightInit, Initializer biasInit)
    {
        Mechanism = mechanism;
        Qkv = Register("qkv", new Linear(context.Dim, mechanism.ProjectedWidth, qkvBias, weightInit, biasInit));
        if (mechanism is Module module) Register("", module);
        Proj = Register("proj",
            new Linear(context.Heads * context.HeadDim, context.Dim, projectionBias, weightInit, biasInit));
        _dropout = Register("proj_drop", new Dropout(dropout));
    }

    /// <summary>The attention mechanism.</summary>
    public IAttention Mechanism { get; }

    /// <summary>Input projection.</summary>
    public Linear Qkv { get; }

    /// <summary>Output projection.</summary>
    public Linear Proj { get; }

    /// <summary>A packed projection's weight or bias as the mechanism takes it: the values' third where it has neither
    /// queries nor keys; else all of it.</summary>
    internal Tensor AdaptWeight(Tensor packed)
    {
        int width = Mechanism.ProjectedWidth;
        return width == Proj.Weight.Shape[1] && packed.Shape.Rank > 0 && packed.Shape[0] == 3 * width
            ? Ops.Slice(packed, 0, 2 * width, width) : packed;
    }

    /// <summary>Attention over norm(x) (+ residual), the norm folded into the input projection.</summary>
    /// <param name="norm">Norm of the input.</param>
    /// <param name="x"><c>[batch, token, dim]</c>.</param>
    /// <param name="grid">Arrangement of the tokens over the image.</param>
    /// <param name="residual">Added to the result, or null.</param>
    /// <param name="recorder">Hears what is attended to, or null.</param>
    /// <returns><c>[batch, token, dim]</c>.</returns>
    public Tensor Forward(LayerNorm norm, Tensor x, TokenGrid grid, Tensor? residual = null,
        IAttentionRecorder? recorder = null)
    {
        AttentionInput input = new(Qkv.Forward(norm, x), grid, Qkv, norm, x);
        Tensor mixed = Mechanism.Forward(input);
        mixed = recorder?.Record(Mechanism, input, mixed) ?? mixed;
        if (!_dropout.IsActive) return Proj.Forward(mixed, residual);
        Tensor y = _dropout.Forward(Proj.Forward(mixed));
        return residual is null ? y : Ops.Add(residual, y);
    }
}
