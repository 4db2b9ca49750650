using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Sigmoid attention: each weight is a sigmoid of its own score, and no row has to sum to 1.</summary>
/// <remarks><code>
/// s_ij = scale · q_i·k_j + b          o_i = Σ_j σ(s_ij) v_j          scale = 1/√headDim, b = −log(token) unless given
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// With b = −log n a row of n keys sums to about 1 at first, so that attention begins as large as softmax does.
/// Time O(token² · headDim) per head; memory O(token²) per head while training: weights are stored. Source: Ramapuram
/// et al. 2024, "Theory, Analysis, and Best Practices for Sigmoid Self-Attention", arXiv:2409.04431, eq. 3 and section
/// 3.1.
/// </remarks>
public sealed class SigmoidAttention : Module, IAttention
{
    private static readonly Option<double?> Offset = Option.Maybe("bias", ValueForm.Real(), "addend b of the scores",
        "-log(token)");

    private readonly AttentionContext _context;
    private readonly Dropout _dropout;
    private readonly float _scale;
    private readonly float? _offset;

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="scale">Factor of q·k; null: 1/√headDim.</param>
    /// <param name="offset">b; null: −log of the number of tokens.</param>
    public SigmoidAttention(AttentionContext context, double? scale = null, double? offset = null)
    {
        _context = context;
        _scale = (float)(scale ?? 1 / Math.Sqrt(context.HeadDim));
        _offset = (float?)offset;
        _dropout = Register("attn_drop", new Dropout(context.Dropout));
    }

    internal static AttentionEntry Entry { get; } = new(
        "sigmoid",
        "A sigmoid of each score in place of softmax, rows need not sum to 1; quadratic.",
        [SoftmaxAttention.Scale, Offset],
        (values, context) => new SigmoidAttention(context, values.Of(SoftmaxAttention.Scale), values.Of(Offset)));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation | AttentionParts.Bias;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => 2.0 * grid.Tokens * grid.Tokens * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => (double)grid.Tokens * grid.Tokens * _context.Heads;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input) => PackedHeads.Merge(Ops.MatMul(_dropout.Forward(Probabilities(input)),
        PackedHeads.Split(new HeadTensor(input.Projected, _context.Heads, 3, 2))));

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        HeadTensor queries = new(input.Projected, _context.Heads, 3);
        Tensor scores = Ops.MatMul(PackedHeads.Split(queries), PackedHeads.Split(queries with { Part = 1 }),
            transposeB: true, scale: _scale);
        float offset = _offset ?? -MathF.Log(queries.Tokens);
        Tensor addend = Tensor.From([offset], [1], scores.Device);
        if (input.Bias is { } bias) addend = Ops.Add(PairBias(bias), addend);
        return Ops.Apply(UnaryOperator.Sigmoid, Ops.Add(scores, addend));
    }

    /// <summary>The bias of every pair of tokens, <c>[1, head, token, token]</c>.</summary>
    private Tensor PairBias(PositionBias bias)
    {
        int n = bias.Relation.Tokens;
        int[] buckets = [.. Enumerable.Range(0, n * n).Select(pair => bias.Relation.Bucket(pair / n, pair % n))];
        Tensor pairs = Ops.Gather(Ops.Permute(bias.Values, 1, 0),
            Tensor.From(buckets, [n * n], bias.Values.Device));
        return Ops.Permute(pairs, 1, 0).Reshape(1, _context.Heads, n, n);
    }
}
