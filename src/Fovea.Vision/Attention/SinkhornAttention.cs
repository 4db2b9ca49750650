using Fovea.Core.Options;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>
/// Doubly stochastic attention: the softmax over keys alternates with one over queries, so that every token gives as
/// much attention as it gets.
/// </summary>
/// <remarks><code>
/// s_ij = q_i·k_j / (√headDim · ε)
/// u_i = −log Σ_j exp(s_ij + v_j),  v_j = −log Σ_i exp(s_ij + u_i),  in turns from v = 0, the last one u
/// o_i = Σ_j exp(s_ij + u_i + v_j) v_j     qkv [batch, token, 3, head, headDim]  →  o [batch, token, head · headDim]
/// </code>
/// Time O(iterations · token² · headDim) per head; memory beyond the inputs O(iterations · token): scores are
/// recomputed, potentials kept, and the gradient goes through all iterations. One iteration is softmax attention.
/// The reference code allows even iterations, too: the last one is v then, columns sum to 1 and rows nearly. They are
/// computed unfused, with memory O(iterations · token²), and without windows.
/// Source: Sander, Ablin, Blondel, Peyré 2022, "Sinkformers", arXiv:2110.11773, eq. 5 and 6.
/// </remarks>
public sealed class SinkhornAttention : Module, ILocalAttention
{
    private static readonly Option<int> Iterations = Option.Of("iterations", ValueForm.Whole(1, 1000), 5,
        "normalisations in turns; odd: rows come last, even: columns (as the reference code allows, in more memory)");
    private static readonly Option<double> Epsilon = Option.Of("epsilon", ValueForm.Real(Interval.Positive), 1,
        "temperature");

    private readonly AttentionContext _context;
    private readonly int _iterations;
    private readonly float _scale;

    /// <param name="context">Sizes.</param>
    /// <param name="iterations">Normalisations, 1 or more; an odd number ends with rows, an even one with
    /// columns.</param>
    /// <param name="epsilon">Temperature ε, above 0.</param>
    /// <param name="locality">Windows, or null.</param>
    /// <exception cref="UsageException">No iterations, even ones with windows, an ε of 0 or less, or dropout of
    /// attention.</exception>
    public SinkhornAttention(AttentionContext context, int iterations, double epsilon, Locality? locality = null)
    {
        Check.That(iterations > 0, $"sinkhorn: iterations must be 1 or more, got {iterations}.");
        Check.That(iterations % 2 == 1 || locality is null,
            $"sinkhorn: iterations must be odd with windows (rows come last), got {iterations}.");
        context.RequireNoDropout("sinkhorn");
        _context = context;
        _iterations = iterations;
        _scale = (float)(1 / (Math.Sqrt(context.HeadDim) * Epsilon.Check(epsilon, "sinkhorn")));
        if (locality is not null) Locality = Register("", locality);
    }

    internal static AttentionEntry Entry { get; } = new(
        "sinkhorn",
        "Doubly stochastic attention: rows and columns are normalised in turns; quadratic.",
        [.. Locality.Options, Iterations, Epsilon],
        (values, context) => new SinkhornAttention(context, values.Of(Iterations), values.Of(Epsilon),
            Locality.From(values, context)))
    {
        Main = Iterations,
    };

    /// <summary>True for doubly stochastic attention with an even number of iterations.</summary>
    public static bool EndsWithColumns(AttentionSpec spec) =>
        spec.Part == Entry && spec.Values.Of(Iterations) % 2 == 0;

    /// <inheritdoc/>
    public Locality? Locality { get; }

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation
        | (Locality is null && _iterations % 2 == 1 ? AttentionParts.Bias : 0);

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    /// <remarks>Scores and mixing as in softmax; each normalisation after the first is a product of the matrix exp(s)
    /// with a vector, exp(u) or exp(v).</remarks>
    public double Macs(TokenGrid grid) => Pairs(grid) * (2.0 * _context.HeadDim + _iterations - 1);

    /// <inheritdoc/>
    /// <remarks>In the log domain every normalisation exponentiates all scores, and so does the mixing at the
    /// end.</remarks>
    public double Exponentials(TokenGrid grid) => Pairs(grid) * (_iterations + 1);

    private double Pairs(TokenGrid grid) => (double)grid.Tokens * grid.Tokens * _context.Heads;

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input)
    {
        TokenRelation? relation = input.Bias?.Relation ?? Locality?.Relation(input.Grid);
        return Ops.SinkhornAttention(input.Projected, _context.Heads, _iterations, _scale, relation,
            Bias(input, relation));
    }

    /// <inheritdoc/>
    public Tensor Probabilities(AttentionInput input)
    {
        TokenRelation? relation = input.Bias?.Relation ?? Locality?.Relation(input.Grid);
        return Ops.SinkhornProbabilities(input.Projected, _context.Heads, _iterations, _scale, relation,
            Bias(input, relation));
    }

    private RelativeBias Bias(AttentionInput input, TokenRelation? relation) => input.Bias?.Relative
        ?? (relation is null ? default : new(Head: Locality!.Penalty(relation)));
}
