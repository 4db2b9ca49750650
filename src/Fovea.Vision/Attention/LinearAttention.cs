using Fovea.Core.Options;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Linear attention: products of positive features instead of exponentials, so that the keys can be summed
/// before a query asks.</summary>
/// <remarks><code>
/// f(x) = elu(x) + 1          o_i = f(q_i)ᵀ (Σ_j f(k_j) v_jᵀ) / (f(q_i)ᵀ Σ_j f(k_j) + ε)
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token · headDim²) per head, extra memory O(token): nothing of token × token exists. Features are computed on
/// the fly from the packed projections. There are no probabilities that could be dropped, so attention dropout does not
/// apply. Source: Katharopoulos et al. 2020, "Transformers are RNNs", arXiv:2006.16236, eq. 5 and 7; its code adds ε =
/// 1e-6, the paper nothing.
/// </remarks>
public sealed class LinearAttention : IAttention
{
    private static readonly Option<double> Scale = Option.Of("scale", ValueForm.Real(), 1,
        "factor of q before the features");
    private static readonly Option<double> Epsilon = Option.Of("eps", ValueForm.Real(Interval.AtLeast(0)), 0,
        "added to the normaliser");

    private readonly AttentionContext _context;
    private readonly float _scale, _epsilon;

    /// <param name="context">Sizes.</param>
    /// <param name="scale">Factor of q before the features.</param>
    /// <param name="epsilon">ε, at least 0.</param>
    /// <exception cref="UsageException">ε is below 0.</exception>
    public LinearAttention(AttentionContext context, double scale, double epsilon)
    {
        _context = context;
        _scale = (float)scale;
        _epsilon = (float)Epsilon.Check(epsilon, "linear");
    }

    internal static AttentionEntry Entry { get; } = new(
        "linear",
        "Linear attention with the features elu(x) + 1; linear in the number of tokens.",
        [Scale, Epsilon],
        (values, context) => new LinearAttention(context, values.Of(Scale), values.Of(Epsilon)));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) =>
        2.0 * grid.Tokens * _context.Heads * _context.HeadDim * (_context.HeadDim + 1);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        Tensor qkv = input.Projected;
        HeadTensor q = new(qkv, _context.Heads, 3), k = q with { Part = 1 }, v = q with { Part = 2 };
        if (_scale != 1) q = new(Ops.Scale(Ops.Slice(qkv, 2, 0, qkv.Shape[2] / 3), _scale), _context.Heads);
        return Ops.KernelAttention(q, k, v, FeatureMap.EluPlusOne, epsilon: _epsilon);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor[] parts = PackedHeads.Split(input.Projected, 3, _context.Heads);
        return KernelProbabilities.Of(Features(Ops.Scale(parts[0], _scale)), Features(parts[1]), _epsilon);
    }

    private static Tensor Features(Tensor x) => Ops.Add(Ops.Apply(UnaryOperator.Elu, x), Tensor.Full([1], 1, x.Device));
}
