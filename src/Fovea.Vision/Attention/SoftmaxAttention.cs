using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Scaled dot-product attention, exact: every token takes a weighted mean of all values.</summary>
/// <remarks><code>
/// s_ij = scale · q_i·k_j          o_i = Σ_j softmax_j(s_ij) v_j          scale = 1/√headDim unless given
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token² · headDim) per head; extra memory O(token), because scores are tiled, never stored whole. Only with
/// dropout of the probabilities (while training) they are. Source: Vaswani et al. 2017, "Attention is all you need",
/// arXiv:1706.03762, eq. 1; Dao et al. 2022, arXiv:2205.14135, for the tiling.
/// </remarks>
public sealed class SoftmaxAttention : Module, ILocalAttention
{
    internal static readonly Option<double?> Scale = Option.Maybe("scale", ValueForm.Real(), "factor of q·k",
        "1/√headDim");

    private readonly AttentionContext _context;
    private readonly Dropout _dropout;
    private readonly float _scale;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <param name="locality">Windows, or null.</param>
    /// <exception cref="UsageException">Windows together with dropout of attention.</exception>
    public SoftmaxAttention(AttentionContext context, float? scale = null, Locality? locality = null)
    {
        if (locality is not null)
        {
            context.RequireNoDropout("softmax with a window");
            Locality = Register("", locality);
        }

        _context = context;
        _scale = scale ?? (float)(1 / Math.Sqrt(context.HeadDim));
        _dropout = Register("attn_drop", new Dropout(context.Dropout));
    }

    internal static AttentionEntry Entry { get; } = new(
        "softmax",
        "Scaled dot-product attention, exact; quadratic in the number of tokens.",
        [.. Locality.Options, Scale],
        (values, context) => new SoftmaxAttention(context, (float?)values.Of(Scale), Locality.From(values, context)));

    /// <inheritdoc/>
    public Locality? Locality { get; }

    /// <inheritdoc/>
    /// <remarks>Probabilities that are stored for dropout do not teach a bias.</remarks>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation
        | (Locality is null && _context.Dropout == 0 ? AttentionParts.Bias : 0);

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => 2.0 * grid.Tokens * grid.Tokens * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => (double)grid.Tokens * grid.Tokens * _context.Heads;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        TokenRelation? relation = input.Bias?.Relation ?? Locality?.Relation(input.Grid);
        if (!_dropout.IsActive)
            return Ops.Attention(input.Projected, _context.Heads, _scale, relation, Bias(input, relation));
        Tensor values = PackedHeads.Split(new HeadTensor(input.Projected, _context.Heads, 3, 2));
        return PackedHeads.Merge(Ops.MatMul(_dropout.Forward(Probabilities(input)), values));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        TokenRelation? relation = input.Bias?.Relation ?? Locality?.Relation(input.Grid);
        return Ops.AttentionProbabilities(input.Projected, _context.Heads, _scale, relation, Bias(input, relation));
    }

    private RelativeBias Bias(AttentionInput input, TokenRelation? relation) => input.Bias?.Relative
        ?? (relation is null ? default : new(Head: Locality!.Penalty(relation)));
}
