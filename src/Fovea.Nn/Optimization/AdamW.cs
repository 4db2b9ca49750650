namespace Fovea.Nn.Optimization;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101): the decay does not pass
/// through the moments.</summary>
/// <param name="groups">What to change; weight decay is a property of each group.</param>
/// <param name="learningRate">Step size, 0 or more.</param>
/// <param name="beta1">Decay of the gradients' mean, at least 0 and below 1.</param>
/// <param name="beta2">Decay of the squares' mean, at least 0 and below 1.</param>
/// <param name="epsilon">Added to the divisor, 0 or more.</param>
/// <param name="amsGrad">Use the largest variance so far.</param>
/// <param name="isCautious">Elements whose change does not go against the gradient stay (arXiv:2411.16085).</param>
/// <exception cref="UsageException">A number out of range.</exception>
public sealed class AdamW(
    IReadOnlyList<ParameterGroup> groups, double learningRate, double beta1 = 0.9, double beta2 = 0.999,
    double epsilon = 1e-8, bool amsGrad = false, bool isCautious = false)
    : Adam(groups, learningRate, beta1, beta2, epsilon, amsGrad, decoupled: true, isCautious);
