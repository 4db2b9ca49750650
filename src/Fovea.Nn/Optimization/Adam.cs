using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// Adam (Kingma and Ba 2015, arXiv:1412.6980), with L2 or decoupled weight decay and optionally AMSGrad, as PyTorch;
/// the formula is with <see cref="AdamArguments"/>. <see cref="AdamW"/> is the decoupled one.
/// </summary>
public class Adam : Optimizer
{
    private readonly double _beta2, _epsilon;
    private readonly bool _decoupled, _amsGrad;

    /// <param name="groups">What to change.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <param name="beta1">Decay of the gradients' mean, at least 0 and below 1.</param>
    /// <param name="beta2">Decay of the squares' mean, at least 0 and below 1.</param>
    /// <param name="epsilon">Added to the divisor, 0 or more.</param>
    /// <param name="amsGrad">Use the largest variance so far (Reddi et al. 2018, arXiv:1904.09237).</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public Adam(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.999,
        double epsilon = 1e-8, bool amsGrad = false)
        : this(groups, learningRate, beta1, beta2, epsilon, amsGrad, decoupled: false, isCautious: false)
    {
    }

    private protected Adam(
        IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1, double beta2, double epsilon,
        bool amsGrad, bool decoupled, bool isCautious)
        : base(groups, learningRate, isCautious)
    {
        Check.That(beta1 is >= 0 and < 1, $"Adam: beta1 must be at least 0 and below 1, got {beta1}.");
        Check.That(beta2 is >= 0 and < 1, $"Adam: beta2 must be at least 0 and below 1, got {beta2}.");
        Check.AtLeast(0, epsilon, "Adam: epsilon");
        (Momentum, _beta2, _epsilon, _amsGrad, _decoupled) = (beta1, beta2, epsilon, amsGrad, decoupled);
    }

    private protected override IReadOnlyList<string> StateNames(string parameter) =>
        _amsGrad ? ["mean", "variance", "maximum"] : ["mean", "variance"];

    private protected override void Apply(IReadOnlyList<Change> changes, StepGuard? guard) =>
        Update.Adam([.. changes.Select(change => new ParameterChange<AdamArguments>(
            new(change.LearningRate, (float)Momentum, (float)_beta2, (float)_epsilon, change.WeightDecay, _decoupled,
                change.Step, change.GradientScale),
            change.Parameter, change.Gradient, change.State))], guard);
}
