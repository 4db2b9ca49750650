using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Stochastic gradient descent with momentum, dampening, Nesterov's look-ahead and L2 weight decay, as PyTorch; the
/// formula is with <see cref="SgdArguments"/>.
/// </summary>
public sealed class Sgd : Optimizer
{
    private readonly double _dampening;
    private readonly bool _nesterov, _hasBuffer;

    /// <param name="groups">What to change.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <param name="momentum">Share of the past steps that stays, 0 to 1.</param>
    /// <param name="dampening">Share of the gradient kept out of the momentum, 0 to 1.</param>
    /// <param name="nesterov">Look ahead; needs momentum and no dampening.</param>
    /// <exception cref="UsageException">A number out of range, or Nesterov without momentum or with
    /// dampening.</exception>
    public Sgd(IReadOnlyList<ParameterGroup> groups, double learningRate, double momentum = 0, double dampening = 0,
        bool nesterov = false)
        : base(groups, learningRate)
    {
        Momentum = Check.Between(0, 1, momentum, "Sgd: momentum");
        _dampening = Check.Between(0, 1, dampening, "Sgd: dampening");
        if (nesterov && (momentum == 0 || dampening > 0))
            throw new UsageException(
                $"Sgd: Nesterov needs `momentum` above 0 and no dampening, got {momentum} and {dampening}.")
            { Field = "nesterov" };
        (_nesterov, _hasBuffer) = (nesterov, momentum > 0);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) => _hasBuffer ? ["momentum"] : [];

    private protected override string Late => "momentum";

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard) =>
        Update.Sgd([.. changes.Select(change => new ParameterChange<SgdArguments>(
            new(change.LearningRate, _hasBuffer ? (float)Momentum : 0, (float)_dampening, change.WeightDecay, _nesterov,
                change.Step == 1, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
}
