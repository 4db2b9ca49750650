using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>Performer (FAVOR+): softmax attention whose exponentials are estimated by products of positive random features.</summary>
/// <remarks><code>
/// softmax:  u = √scale · x     φ(x) = m^(−1/2) (exp(P u − |u|²/2 − max) + ε)     E φ(q)·φ(k) ∝ exp(scale · q·k)
/// relu:     u = √scale · x     φ(x) = relu(m^(−1/2) P u) + ε
/// o_i = φ(q_i)ᵀ (Σ_j φ(k_j) v_jᵀ) / φ(q_i)ᵀ Σ_j φ(k_j)
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]         P [feature, headDim], drawn, not learned
/// </code>
/// Time O(token · feature · headDim) per head, extra memory O(token · feature). The parameters are those of softmax attention, so weights trained
/// with one serve the other; P is saved with them. With redraw = K a new P is drawn before every K-th training step, from the step's random
/// numbers; the count is saved too, so that a resumed run draws the same. Attention dropout does not apply: there are no probabilities.
/// Source: Choromanski et al. 2021, "Rethinking attention with Performers", arXiv:2009.14794, section 2; relu features as in their code, with
/// m^(−1/2).
/// </remarks>
public sealed class PerformerAttention : Module, IAttention
{
    private readonly AttentionContext _context;
    private readonly ModuleBuffer _projection;
    private readonly ModuleBuffer? _steps;
    private readonly float _factor;

    /// <param name="context">Sizes.</param>
    /// <param name="options">Features.</param>
    public PerformerAttention(AttentionContext context, PerformerOptions options)
    {
        (_context, Options, _factor) = (context, options, MathF.Sqrt(options.Scale));
        _projection = Register(new ModuleBuffer("projection_matrix", [options.Features, context.HeadDim], OrthogonalFeatures.Draw, drawn: true));
        if (options.RedrawEvery > 0) _steps = Register(new ModuleBuffer("projection_steps", [1], Init.Zeros, drawn: true));
    }

    /// <summary>Features.</summary>
    public PerformerOptions Options { get; }

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        if (Training && _steps is not null && Tape.Current is not null) CountStep(_steps.Value);
        Tensor q = Features(input.Projected, 0), k = Features(input.Projected, 1);
        return Ops.KernelAttention(
            new(q, _context.Heads), new(k, _context.Heads), new(input.Projected, _context.Heads, 3, 2), FeatureMap.Identity);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input) => KernelProbabilities.Of(
        PackedHeads.Split(Features(input.Projected, 0), 1, _context.Heads)[0], PackedHeads.Split(Features(input.Projected, 1), 1, _context.Heads)[0]);

    /// <summary>Features of queries (part 0) or keys (1), <c>[batch, token, head · feature]</c>.</summary>
    private Tensor Features(Tensor qkv, int part) => Ops.RandomFeatures(
        new(qkv, _context.Heads, 3, part), _projection.Value, Options.Kernel, keys: part == 1, _factor, Options.Stabilizer);

    /// <summary>Before each K-th recorded forward pass but the first: a new draw, keyed by step and layer.</summary>
    private void CountStep(Tensor steps)
    {
        float done = steps.Item();   // exact up to 2²⁴
        if (done >= Options.RedrawEvery)
        {
            float[] values = new float[_projection.Shape.Count];
            OrthogonalFeatures.Draw(values, _projection.Shape, LayerRandom());
            _projection.Value.CopyFrom(values);
            done = 0;
        }

        steps.CopyFrom([done + 1]);
    }
}
