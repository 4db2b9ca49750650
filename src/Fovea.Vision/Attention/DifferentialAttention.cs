using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Differential attention: the difference of two softmax maps, in which what both have in common, the noise,
/// cancels.</summary>
/// <remarks><code>
/// [q1, q2] = q, [k1, k2] = k, halves of headDim           d = headDim / 2
/// o_i = Σ_j (softmax_j(q1_i·k1_j / √d) − λ softmax_j(q2_i·k2_j / √d)) v_j
/// λ = exp(λq1·λk1) − exp(λq2·λk2) + λ0,  λq1 ... λk2 learned [d], shared by the heads, N(0, 0.1²) at first
/// λ0 = 0.8 − 0.6 exp(−0.3 · block), block from 0, unless given
/// result = (1 − λ0) · RMSNorm(o), head by head with one weight [headDim], ε = 1e-5
/// qkv [batch, token, 3, head, headDim]  →  [batch, token, head · headDim]
/// </code>
/// A head has values of headDim elements and two maps of half as many, so that parameters are those of softmax
/// attention (the paper halves the number of heads instead; take twice its head dimension here). Each map is one pass
/// of fused softmax attention: time O(token² · headDim) per head, twice that of softmax; extra memory O(token). Names
/// of parameters as in the authors' code. Source: Ye et al. 2024, "Differential Transformer", arXiv:2410.05258, eq. 1
/// to 3.
/// </remarks>
public sealed class DifferentialAttention : Module, IAttention
{
    private static readonly Option<double?> First = Option.Maybe("lambda", ValueForm.Real(new Interval(0, 1)),
        "λ0, the second map's weight at first", "0.8 - 0.6 exp(-0.3 block)");

    private readonly AttentionContext _context;
    private readonly Parameter _query1, _key1, _query2, _key2;
    private readonly RmsNorm _norm;
    private readonly float _scale;

    /// <param name="context">Sizes and block.</param>
    /// <param name="first">λ0; null: by block.</param>
    /// <exception cref="UsageException">The elements of a head are odd in number, or attention drops out.</exception>
    public DifferentialAttention(AttentionContext context, double? first = null)
    {
        context.RequireNoDropout("differential");
        Check.That(context.HeadDim % 2 == 0,
            "differential: each half of a head has a map of its own, so that a head needs an even number of elements, "
                + $"got {context.HeadDim}.");
        _context = context;
        FirstLambda = first ?? 0.8 - 0.6 * Math.Exp(-0.3 * context.Block);
        int half = context.HeadDim / 2;
        _scale = (float)(1 / Math.Sqrt(half));
        Initializer init = Init.Normal(0.1);
        _query1 = Register(new Parameter("lambda_q1", [half], init, decay: false));
        _key1 = Register(new Parameter("lambda_k1", [half], init, decay: false));
        _query2 = Register(new Parameter("lambda_q2", [half], init, decay: false));
        _key2 = Register(new Parameter("lambda_k2", [half], init, decay: false));
        _norm = Register("subln", new RmsNorm(context.HeadDim, 1e-5f));
    }

    internal static AttentionEntry Entry { get; } = new(
        "differential",
        "Difference of two softmax maps with a learned weight, normed head by head; quadratic.",
        [First],
        (values, context) => new DifferentialAttention(context, values.Of(First)));

    /// <summary>λ0.</summary>
    public double FirstLambda { get; }

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) => 4.0 * grid.Tokens * grid.Tokens * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Exponentials(TokenGrid grid) => 2.0 * grid.Tokens * grid.Tokens * _context.Heads;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        HeadTensor keys = new(input.Projected, _context.Heads, 3, 1), values = keys with { Part = 2 };
        return Ops.Subtract(Map(0), Ops.Multiply(Lambda(), Map(1)));

        Tensor Map(int half) =>
            Ops.Attention(new HeadTensor(Half(input, half), _context.Heads), keys, values, _scale);
    }

    /// <inheritdoc/>
    public Tensor Finish(AttentionInput input, Tensor mixed)
    {
        Tensor heads = mixed.Reshape(mixed.Shape[0], mixed.Shape[1], _context.Heads, _context.HeadDim);
        return Ops.Scale(_norm.Forward(heads), (float)(1 - FirstLambda))
            .Reshape(mixed.Shape[0], mixed.Shape[1], mixed.Shape[2]);
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor keys = PackedHeads.Split(new HeadTensor(input.Projected, _context.Heads, 3, 1));
        return Ops.Subtract(Map(0), Ops.Multiply(Lambda(), Map(1)));

        Tensor Map(int half) => Ops.Softmax(Ops.MatMul(
            PackedHeads.Split(new HeadTensor(Half(input, half), _context.Heads)), keys, transposeB: true,
            scale: _scale));
    }

    /// <summary>Queries with 0 in place of the other half: their product with whole keys is that of the half.</summary>
    private Tensor Half(AttentionInput input, int half)
    {
        (int heads, int headDim) = (_context.Heads, _context.HeadDim);
        float[] mask = new float[heads * headDim];
        for (int i = 0; i < mask.Length; i++) mask[i] = i % headDim / (headDim / 2) == half ? 1 : 0;
        return Ops.Multiply(Ops.Slice(input.Projected, 2, 0, mask.Length),
            Tensor.From(mask, [1, 1, mask.Length], input.Projected.Device));
    }

    /// <summary>λ, <c>[1]</c>.</summary>
    private Tensor Lambda()
    {
        Tensor first = Tensor.From([(float)FirstLambda], [1], _query1.Value.Device);
        return Ops.Add(Ops.Subtract(Exp(_query1, _key1), Exp(_query2, _key2)), first);

        static Tensor Exp(Parameter query, Parameter key) =>
            Ops.Apply(UnaryOperator.Exp, Ops.Sum(Ops.Multiply(query, key))).Reshape(1);
    }
}
