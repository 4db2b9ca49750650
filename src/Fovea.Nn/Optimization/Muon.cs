using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): the momentum of a weight matrix is replaced by the
/// nearest matrix with singular values near 1, found by Newton-Schulz's iteration. All other parameters take AdamW's
/// step with the same rate and weight decay. The formula is with <see cref="MuonArguments"/>. A matrix keeps one
/// tensor, all else two. Kernels of convolutions are matrices of a row for each output channel.
/// </summary>
public sealed class Muon : Optimizer
{
    private const int ShortestSide = 4, MostTimesLonger = 128;   // as timm's rules

    private readonly double _beta1, _beta2, _epsilon;
    private readonly bool _nesterov;
    private readonly int _iterations;
    private readonly MuonScale _scale;
    private readonly HashSet<string> _matrices;

    /// <param name="groups">What to change; weight decay is a property of each group.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <param name="isHidden">Whether a parameter is one of the hidden layers', by its name: those that are
    /// <see cref="IsMatrix">matrices</see> take Muon's step. Embeddings and the classifier's head should not.</param>
    /// <param name="momentum">Share of the past gradients that stays, at least 0 and below 1.</param>
    /// <param name="nesterov">Look ahead.</param>
    /// <param name="iterations">Steps of Newton-Schulz's iteration, 1 or more.</param>
    /// <param name="scale">Factor of a step for the shape of its matrix.</param>
    /// <param name="beta1">AdamW's, of all other parameters.</param>
    /// <param name="beta2">AdamW's, of all other parameters.</param>
    /// <param name="epsilon">AdamW's, of all other parameters.</param>
    /// <param name="isCautious">Elements whose change does not go against the gradient stay (arXiv:2411.16085).</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public Muon(
        IReadOnlyList<ParameterGroup> groups, double learningRate, Predicate<string> isHidden, double momentum = 0.95,
        bool nesterov = true, int iterations = 5, MuonScale scale = MuonScale.MatchRms, double beta1 = 0.9,
        double beta2 = 0.95, double epsilon = 1e-8, bool isCautious = false)
        : base(groups, learningRate, isCautious)
    {
        Check.That(momentum is >= 0 and < 1, $"Muon: momentum must be at least 0 and below 1, got {momentum}.");
        Check.That(beta1 is >= 0 and < 1, $"Muon: beta1 must be at least 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Muon: beta2 must be at least 0 and below 1, got {beta2}.");
        Check.AtLeast(0, epsilon, "Muon: epsilon");
        Check.AtLeast(1, iterations, "Muon: iterations");
        (Momentum, _nesterov, _iterations, _scale) = (momentum, nesterov, iterations, scale);
        (_beta1, _beta2, _epsilon) = (beta1, beta2, epsilon);
        _matrices = [.. groups.SelectMany(group => group.Parameters)
            .Where(entry => isHidden(entry.Name) && IsMatrix(entry.Parameter)).Select(entry => entry.Name)];
    }

    /// <summary>Names of the parameters that take Muon's step.</summary>
    public IReadOnlyCollection<string> Matrices => _matrices;

    /// <summary>Floating-point operations of a step's iterations, two for each multiply-accumulate of their products:
    /// 4 s² l + 2 s³ each, s being the shorter side of a matrix and l the longer.</summary>
    public double FlopsPerStep => _iterations * Groups.SelectMany(group => group.Parameters)
        .Where(entry => _matrices.Contains(entry.Name)).Sum(entry =>
        {
            double rows = entry.Parameter.Shape[0], columns = entry.Parameter.Shape.Elements / rows;
            (double shorter, double longer) = (Math.Min(rows, columns), Math.Max(rows, columns));
            return shorter * shorter * (4 * longer + 2 * shorter);
        });

    /// <summary>
    /// Whether a parameter can be taken for a matrix, by timm's rules: it decays, its first two axes are longer than 1
    /// (kernels of depthwise convolutions are not), and as rows and columns its shorter side has 4 elements or more and
    /// its longer one not more than 128 times as many.
    /// </summary>
    public static bool IsMatrix(Parameter parameter)
    {
        Shape shape = parameter.Shape;
        if (!parameter.Decay || shape.Rank < 2 || shape[0] == 1 || shape[1] == 1) return false;
        int rows = shape[0], columns = shape.Elements / rows;
        int shorter = Math.Min(rows, columns), longer = Math.Max(rows, columns);
        return shorter >= ShortestSide && longer <= (long)MostTimesLonger * shorter;
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) =>
        _matrices.Contains(parameter) ? ["momentum"] : ["mean", "variance"];

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard)
    {
        ILookup<bool, Change> byKind = changes.ToLookup(change => _matrices.Contains(change.Name));
        Update.Muon([.. byKind[true].Select(change => new ParameterChange<MuonArguments>(
            new(change.LearningRate, (float)Momentum, _nesterov, change.WeightDecay, ScaleOf(change.Parameter.Shape),
                _iterations, change.Parameter.Shape[0], change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
        Update.Adam([.. byKind[false].Select(change => new ParameterChange<AdamArguments>(
            new(change.LearningRate, (float)_beta1, (float)_beta2, (float)_epsilon, change.WeightDecay, true,
                change.Step, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
    }

    private double ScaleOf(Shape shape)
    {
        double rows = shape[0], columns = shape.Elements / shape[0];
        return _scale == MuonScale.Original ? Math.Sqrt(Math.Max(1, rows / columns))
            : 0.2 * Math.Sqrt(Math.Max(rows, columns));
    }
}
