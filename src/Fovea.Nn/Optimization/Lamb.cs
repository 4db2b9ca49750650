using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// LAMB (You et al. 2020, arXiv:1904.00962): Adam whose step of each parameter is as long as the parameter itself times
/// the learning rate, for large batches. As timm's <c>Lamb</c>: weight decay is part of the change, and what does not
/// decay (biases, norms, tokens, positions) takes Adam's step, unless all are adapted. The formula is with
/// <see cref="LambArguments"/>. Gradients are clipped outside, by their length over all parameters, which timm's does
/// itself with the length 1.
/// </summary>
public sealed class Lamb : Optimizer
{
    private readonly double _beta2, _epsilon;
    private readonly bool _clipTrust, _alwaysAdapt;

    /// <param name="groups">What to change; those without weight decay are not adapted.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <param name="beta1">Decay of the gradients' mean, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the squares' mean, at least 0 and below 1.</param>
    /// <param name="epsilon">Added to the divisor, 0 or more.</param>
    /// <param name="clipTrust">No step is longer than Adam's (timm's <c>lambc</c>).</param>
    /// <param name="alwaysAdapt">Adapt parameters without weight decay, too.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public Lamb(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.999,
        double epsilon = 1e-6, bool clipTrust = false, bool alwaysAdapt = false)
        : base(groups, learningRate)
    {
        Check.That(beta1 is >= 0 and < 1, $"Lamb: beta1 must be at least 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Lamb: beta2 must be at least 0 and below 1, got {beta2}.");
        Check.AtLeast(0, epsilon, "Lamb: epsilon");
        (Momentum, _beta2, _epsilon, _clipTrust, _alwaysAdapt) = (beta1, beta2, epsilon, clipTrust, alwaysAdapt);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) => ["mean", "variance"];

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard)
    {
        ILookup<bool, Change> byAdaption = changes.ToLookup(change => _alwaysAdapt || change.WeightDecay > 0);
        Update.Lamb([.. byAdaption[true].Select(change => new ParameterChange<LambArguments>(
            new(change.LearningRate, (float)Momentum, (float)_beta2, (float)_epsilon, change.WeightDecay,
                _clipTrust, change.Step, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
        Update.Adam([.. byAdaption[false].Select(change => new ParameterChange<AdamArguments>(
            new(change.LearningRate, (float)Momentum, (float)_beta2, (float)_epsilon, 0, false,
                change.Step, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
    }
}
