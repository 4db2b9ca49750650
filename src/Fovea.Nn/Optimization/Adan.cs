using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Adan (Xie et al. 2022, arXiv:2208.06677): Adam with Nesterov's look-ahead by the difference of gradients that follow
/// each other. Betas are those of the authors' code, 1 less those of the paper. It keeps four tensors per parameter.
/// The formula is with <see cref="AdanArguments"/>.
/// </summary>
public sealed class Adan : Optimizer
{
    private readonly double _beta2, _beta3, _epsilon;

    /// <param name="groups">What to change; weight decay is a property of each group.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <param name="beta1">Decay of the gradients' mean, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the differences' mean, at least 0 and below 1.</param>
    /// <param name="beta3">Decay of the squares' mean, at least 0 and below 1.</param>
    /// <param name="epsilon">Added to the divisor, 0 or more.</param>
    /// <param name="isCautious">Elements whose change does not go against the gradient stay (arXiv:2411.16085).</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public Adan(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.98, double beta2 = 0.92,
        double beta3 = 0.99, double epsilon = 1e-8, bool isCautious = false)
        : base(groups, learningRate, isCautious)
    {
        Check.That(beta1 is >= 0 and < 1, $"Adan: beta1 must be at least 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Adan: beta2 must be at least 0 and below 1, got {beta2}.");
        Check.That(beta3 is >= 0 and < 1, $"Adan: beta3 must be at least 0 and below 1, got {beta3}.");
        Check.AtLeast(0, epsilon, "Adan: epsilon");
        (Momentum, _beta2, _beta3, _epsilon) = (beta1, beta2, beta3, epsilon);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) =>
        ["mean", "difference", "variance", "gradient"];

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard) =>
        Update.Adan([.. changes.Select(change => new ParameterChange<AdanArguments>(
            new(change.LearningRate, (float)Momentum, (float)_beta2, (float)_beta3, (float)_epsilon, change.WeightDecay,
                change.Step, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);

    private protected override CautiousArguments Caution(in Change change)
    {
        double keep = 1 / (1 + (double)change.LearningRate * change.WeightDecay);
        return new(keep, keep * change.LearningRate);
    }
}
