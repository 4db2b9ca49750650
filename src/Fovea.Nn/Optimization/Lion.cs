using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Lion (Chen et al. 2023, arXiv:2302.06675): all elements change by the same amount, in the direction of the sign of a
/// mean of gradients, with decoupled weight decay. It keeps one tensor per parameter. The formula is with
/// <see cref="LionArguments"/>.
/// </summary>
public sealed class Lion : Optimizer
{
    private readonly double _beta2;

    /// <param name="groups">What to change; weight decay is a property of each group.</param>
    /// <param name="learningRate">Step size, 0 or more: three to ten times smaller than AdamW's, with as much more
    /// weight decay.</param>
    /// <param name="beta1">Share of the mean in the direction, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the gradients' mean, at least 0 and below 1.</param>
    /// <param name="isCautious">Elements whose change does not go against the gradient stay (arXiv:2411.16085).</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public Lion(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.99,
        bool isCautious = false)
        : base(groups, learningRate, isCautious)
    {
        Check.That(beta1 is >= 0 and < 1, $"Lion: beta1 must be at least 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Lion: beta2 must be at least 0 and below 1, got {beta2}.");
        (Momentum, _beta2) = (beta1, beta2);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) => ["mean"];

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard) =>
        Update.Lion([.. changes.Select(change => new ParameterChange<LionArguments>(
            new(change.LearningRate, (float)Momentum, (float)_beta2, change.WeightDecay, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
}
