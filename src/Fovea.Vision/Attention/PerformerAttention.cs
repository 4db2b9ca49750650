using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Performer (FAVOR+): softmax attention whose exponentials are estimated by products of positive random
/// features.</summary>
/// <remarks><code>
/// softmax:  u = √scale · x     φ(x) = m^(−1/2) (exp(P u − |u|²/2 − max) + ε)     E φ(q)·φ(k) ∝ exp(scale · q·k)
/// relu:     u = √scale · x     φ(x) = relu(m^(−1/2) P u) + ε
/// o_i = φ(q_i)ᵀ (Σ_j φ(k_j) v_jᵀ) / φ(q_i)ᵀ Σ_j φ(k_j)
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]   P [feature, headDim], drawn, not learned
/// </code>
/// Time O(token · feature · headDim) per head, extra memory O(token · feature). The parameters are those of softmax
/// attention, so weights trained with one serve the other; P is saved with them (<see cref="RandomProjection"/>). A
/// window keeps the cost linear: windowed sums of features slide with the query. Attention dropout does not apply:
/// there are no probabilities. Source: Choromanski et al. 2021, "Rethinking attention with Performers",
/// arXiv:2009.14794, section 2; relu features as in their code, with m^(−1/2).
/// </remarks>
public sealed class PerformerAttention : Module, ILocalAttention
{
    private static readonly Option<FeatureKernel> Kernel =
        Option.Of("kernel", ValueForm.Choice<FeatureKernel>() with { Noun = "softmax or relu" }, FeatureKernel.Softmax,
            "what the features stand for");

    private static readonly Option<double?> Scale = Option.Maybe("scale", ValueForm.Real(), "factor of q·k, above 0",
        "1/√headDim for softmax, 1 for relu");

    private readonly AttentionContext _context;
    private readonly RandomProjection _projection;

    /// <param name="context">Sizes.</param>
    /// <param name="options">Features.</param>
    /// <param name="locality">Windows, or null.</param>
    public PerformerAttention(AttentionContext context, PerformerOptions options, Locality? locality = null)
    {
        context.RequireNoDropout("performer");
        _context = context;
        Options = options;
        _projection = Register("", new RandomProjection(context.HeadDim, options));
        if (locality is not null) Locality = Register("", locality);
    }

    internal static AttentionEntry Entry { get; } = new(
        "performer",
        "Softmax attention approximated by random features (FAVOR+); linear in the number of tokens.",
        [.. Locality.Options, .. PerformerOptions.All, Kernel, Scale],
        (values, context) => new PerformerAttention(
            context, PerformerOptions.From(values, context, values.Of(Kernel), values.Of(Scale)),
            Locality.From(values, context)))
    {
        Main = PerformerOptions.FeatureCount,
    };

    /// <summary>Features.</summary>
    public PerformerOptions Options { get; }

    /// <inheritdoc/>
    public Locality? Locality { get; }

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => _projection.Macs(grid.Tokens, grid.Tokens, _context);

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => _projection.Exponentials(grid.Tokens, grid.Tokens, _context);

    /// <inheritdoc/>
    /// <remarks>Distances in ranges that double: the cost grows with the buckets.</remarks>
    public TokenRelation WindowRelation(TokenGrid grid, int epoch) =>
        Locality!.RelationAt(grid, epoch, coarse: true);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        TokenRelation? relation = Locality?.Relation(input.Grid, coarse: true);
        return _projection.Mix(Part(input, 0), Part(input, 1), Part(input, 2), relation, Weights(input, relation));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        TokenRelation? relation = Locality?.Relation(input.Grid, coarse: true);
        return _projection.Weights(Part(input, 0), Part(input, 1), relation, Weights(input, relation));
    }

    private HeadTensor Part(AttentionInput input, int part) => new(input.Projected, _context.Heads, 3, part);

    /// <summary>A soft window as factors of the features' products, <c>[batch, head, token, bucket]</c>.</summary>
    private Tensor? Weights(AttentionInput input, TokenRelation? relation)
    {
        if (relation is null || Locality!.Penalty(relation) is not { } penalty) return null;
        (int batch, int tokens) = (input.Projected.Shape[0], input.Projected.Shape[1]);
        Tensor factors = Ops.Apply(UnaryOperator.Exp, penalty).Reshape(1, _context.Heads, 1, relation.Buckets);
        return Ops.Expand(factors, batch, _context.Heads, tokens, relation.Buckets);
    }
}
