using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;
using Fovea.Vision.Attention.Mixing;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Focused linear attention: features that turn queries and keys towards their largest elements, so that
/// weights are sharper, and a depthwise convolution of the values, so that neighbours differ.</summary>
/// <remarks><code>
/// φ(x) = ‖u‖ / ‖u^p‖ · u^p     u = relu(x) + ε     powers by element     ε = 1e-6
/// o_i = φ(q_i)ᵀ (Σ_j φ(k_j) v_jᵀ) / (φ(q_i)ᵀ Σ_j φ(k_j) + ε) + DWC(v)_i
/// qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(token · headDim · (headDim + kernel²)) per head, extra memory O(token). Source: Han et al. 2023, "FLatten
/// Transformer", arXiv:2308.00442, eq. 5 to 7; its code for both ε and for the convolution's kernels, which all heads
/// share. ‖·‖ is that of a head's vector, as in the formula; the code, which loads no weights here, takes all heads'
/// together, divides queries and keys by a learned vector, and adds positions to keys (a model's own do that).
/// <para>Prefix tokens (the class token) are queries, keys and values like any other; the convolution passes them
/// by.</para>
/// </remarks>
public sealed class FocusedAttention : Module, IAttention
{
    private static readonly Option<int> Power = Option.Of("power", ValueForm.Whole(1, 8), 3,
        "how sharply features turn to their largest elements, the paper's focusing factor p");

    private static readonly Option<int> Kernel = Option.Of("kernel", ValueForm.Whole(1, 255), 5,
        "side of the convolution of the values, patches, odd");

    private static readonly Option<double> Epsilon = Option.Of("eps", ValueForm.Real(Interval.Positive), 1e-6,
        "added behind the ReLU, and to the normaliser");

    private readonly AttentionContext _context;
    private readonly int _power;
    private readonly float _epsilon;
    private readonly GridFilter _filter;

    /// <param name="context">Sizes.</param>
    /// <param name="power">p.</param>
    /// <param name="kernel">Side of the convolution, patches; odd.</param>
    /// <param name="epsilon">ε, above 0.</param>
    /// <exception cref="UsageException">A number out of range, or an even kernel.</exception>
    public FocusedAttention(AttentionContext context, int power, int kernel, double epsilon = 1e-6)
    {
        context.RequireNoDropout("focused");
        _context = context;
        _power = Power.Check(power, "focused");
        _epsilon = (float)Epsilon.Check(epsilon, "focused");
        Kernel.Check(kernel, "focused");
        Check.That(kernel % 2 == 1, $"focused: kernel must be odd, so that it has a centre, got {kernel}.");
        _filter = Register("", new GridFilter(context.HeadDim, kernel));
    }

    internal static AttentionEntry Entry { get; } = new(
        "focused",
        "Focused linear attention: sharper features, and a depthwise convolution; linear in the number of tokens.",
        [Power, Kernel, Epsilon],
        (values, context) => new FocusedAttention(
            context, values.Of(Power), values.Of(Kernel), values.Of(Epsilon)));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * Width;

    private int Width => _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid) =>
        2.0 * grid.Tokens * Width * (_context.HeadDim + 1) + _filter.Macs(grid, Width);

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        HeadTensor queries = new(Features(input.Projected), _context.Heads, 2), keys = queries with { Part = 1 };
        return Ops.KernelAttention(queries, keys, new(input.Projected, _context.Heads, 3, 2), FeatureMap.Identity,
            epsilon: _epsilon);
    }

    /// <summary>Adds the convolution of the values.</summary>
    /// <inheritdoc/>
    public Tensor Finish(AttentionInput input, Tensor mixed) =>
        Ops.Add(mixed, _filter.Forward(new(input.Projected, _context.Heads, 3, 2), input.Grid));

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor[] parts = PackedHeads.Split(Features(input.Projected), 2, _context.Heads);
        return KernelProbabilities.Of(parts[0], parts[1], _epsilon);
    }

    /// <summary>φ of queries and keys, <c>[batch, token, 2 · head · headDim]</c>. Powers are taken of vectors whose
    /// mean square is 1, so that none leaves single precision; φ(x) is √(mean(u²)) times what comes.</summary>
    private Tensor Features(Tensor qkv)
    {
        (int batch, int tokens, int headDim) = (qkv.Shape[0], qkv.Shape[1], _context.HeadDim);
        Tensor x = Ops.Slice(qkv, 2, 0, 2 * Width).Reshape(batch, tokens, 2 * _context.Heads, headDim);
        Tensor u = Ops.Add(Ops.Relu(x), Tensor.Full([1], _epsilon, x.Device)),
            ones = Tensor.From([.. Enumerable.Repeat(1f, headDim)], [headDim], x.Device);
        Tensor unit = Ops.RmsNorm(u, ones, 0), power = unit;
        for (int i = 1; i < _power; i++) power = Ops.Multiply(power, unit);
        Tensor length = Ops.Apply(UnaryOperator.Sqrt, Ops.Mean(Ops.Apply(UnaryOperator.Square, u), 3));
        return Ops.Multiply(Ops.RmsNorm(power, ones, 0), length.Reshape(batch, tokens, 2 * _context.Heads, 1))
            .Reshape(batch, tokens, 2 * Width);
    }
}
