using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// LARS (You et al. 2017, arXiv:1708.03888): stochastic gradient descent with momentum whose step of each parameter is
/// a fixed share of its length, for large batches of convolutional networks. As timm's <c>Lars</c>: what does not decay
/// (biases, norms) takes the plain step, unless all are adapted. The formula is with <see cref="LarsArguments"/>.
/// </summary>
public sealed class Lars : Optimizer
{
    private readonly double _trustCoefficient, _epsilon;
    private readonly bool _nesterov, _hasBuffer, _clipTrust, _alwaysAdapt;

    /// <param name="groups">What to change; those without weight decay are not adapted.</param>
    /// <param name="learningRate">Step size, 0 or more; 1 or more is usual, because the trust coefficient is
    /// small.</param>
    /// <param name="momentum">Share of the past steps that stays, 0 to 1.</param>
    /// <param name="nesterov">Look ahead; needs momentum.</param>
    /// <param name="trustCoefficient">Share of a parameter's length that a step of rate 1 covers, above 0.</param>
    /// <param name="epsilon">Added to the divisor, 0 or more.</param>
    /// <param name="clipTrust">No step is longer than the plain one (timm's <c>larc</c>).</param>
    /// <param name="alwaysAdapt">Adapt parameters without weight decay, too.</param>
    /// <exception cref="UsageException">A number out of range, or Nesterov without momentum.</exception>
    public Lars(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double momentum = 0, bool nesterov = false,
        double trustCoefficient = 0.001, double epsilon = 1e-8, bool clipTrust = false, bool alwaysAdapt = false)
        : base(groups, learningRate)
    {
        Momentum = Check.Between(0, 1, momentum, "Lars: momentum");
        if (nesterov && momentum == 0)
            throw new UsageException($"Lars: Nesterov needs `momentum` above 0, got {momentum}.")
            {
                Field = "nesterov",
            };
        Check.That(trustCoefficient > 0 && double.IsFinite(trustCoefficient),
            $"Lars: the trust coefficient must be above 0, got {trustCoefficient}.");
        Check.AtLeast(0, epsilon, "Lars: epsilon");
        (_nesterov, _hasBuffer, _clipTrust, _alwaysAdapt) = (nesterov, momentum > 0, clipTrust, alwaysAdapt);
        (_trustCoefficient, _epsilon) = (trustCoefficient, epsilon);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) => _hasBuffer ? ["momentum"] : [];

    private protected override string Late => "momentum";

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard)
    {
        ILookup<bool, Change> byAdaption = changes.ToLookup(change => _alwaysAdapt || change.WeightDecay > 0);
        double momentum = _hasBuffer ? (float)Momentum : 0;
        Update.Lars([.. byAdaption[true].Select(change => new ParameterChange<LarsArguments>(
            new(change.LearningRate, momentum, change.WeightDecay, _nesterov, (float)_trustCoefficient,
                (float)_epsilon, _clipTrust, change.Step == 1, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
        Update.Sgd([.. byAdaption[false].Select(change => new ParameterChange<SgdArguments>(
            new(change.LearningRate, momentum, 0, 0, _nesterov, change.Step == 1, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
    }
}
