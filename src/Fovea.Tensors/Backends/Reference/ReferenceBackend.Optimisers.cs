namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors) =>
        [.. tensors.Select(tensor => Squares(tensor.X, tensor.Count))];

    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<SgdArguments> step in steps) Sgd(step);
    }

    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<AdamArguments> step in steps) Adam(step);
    }

    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LambArguments> step in steps) Lamb(step);
    }

    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LarsArguments> step in steps)
        {
            double trust = step.Arguments.Trust(Squares(step.Parameter, step.Count),
                Squares(step.Gradient, step.Count));
            Sgd(new UpdateStep<SgdArguments>(step.Arguments.Plain(trust), step.Parameter, step.Gradient, step.State,
                step.Count));
        }
    }

    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight)
    {
        foreach ((Storage x, Storage y, int count) in pairs)
            for (int i = 0; i < count; i++) Values(y)[i] += weight * (Values(x)[i] - Values(y)[i]);
    }

    private static void Sgd(in UpdateStep<SgdArguments> sgd)
    {
        SgdArguments arguments = sgd.Arguments;
        double[] p = Values(sgd.Parameter), gradients = Values(sgd.Gradient);
        double[]? m = sgd.StateAt(0) is { } momentum ? Values(momentum) : null;
        for (int i = 0; i < sgd.Count; i++)
        {
            double g = arguments.GradientScale * gradients[i] + arguments.WeightDecay * p[i], step = g;
            if (m is not null)
            {
                m[i] = arguments.First ? g : arguments.Momentum * m[i] + (1 - (double)arguments.Dampening) * g;
                step = arguments.Nesterov ? g + arguments.Momentum * m[i] : m[i];
            }

            p[i] -= arguments.LearningRate * step;
        }
    }

    private static double Squares(Storage x, int count) => Values(x).Take(count).Sum(value => value * value);

    private static void Lamb(in UpdateStep<LambArguments> lamb)
    {
        LambArguments arguments = lamb.Arguments;
        double[] p = Values(lamb.Parameter), gradients = Values(lamb.Gradient), m = Values(lamb.State[0]),
            v = Values(lamb.State[1]);
        double beta1 = arguments.Beta1, beta2 = arguments.Beta2;
        double correction1 = 1 - Math.Pow(beta1, arguments.Step),
            correction2 = Math.Sqrt(1 - Math.Pow(beta2, arguments.Step));
        double[] change = new double[lamb.Count];
        for (int i = 0; i < lamb.Count; i++)
        {
            double g = arguments.GradientScale * gradients[i];
            m[i] = beta1 * m[i] + (1 - beta1) * g;
            v[i] = beta2 * v[i] + (1 - beta2) * g * g;
            change[i] = m[i] / correction1 / (Math.Sqrt(v[i]) / correction2 + arguments.Epsilon)
                + arguments.WeightDecay * p[i];
        }

        double trust = arguments.Trust(Squares(lamb.Parameter, lamb.Count), change.Sum(value => value * value));
        for (int i = 0; i < lamb.Count; i++) p[i] -= arguments.LearningRate * trust * change[i];
    }

    private static void Adam(in UpdateStep<AdamArguments> adam)
    {
        AdamArguments arguments = adam.Arguments;
        double[] p = Values(adam.Parameter), gradients = Values(adam.Gradient), m = Values(adam.State[0]),
            v = Values(adam.State[1]);
        double[]? largest = adam.StateAt(2) is { } maximum ? Values(maximum) : null;
        double rate = arguments.LearningRate, decay = arguments.WeightDecay, beta1 = arguments.Beta1,
            beta2 = arguments.Beta2;
        double correction1 = 1 - Math.Pow(beta1, arguments.Step),
            correction2 = Math.Sqrt(1 - Math.Pow(beta2, arguments.Step));
        for (int i = 0; i < adam.Count; i++)
        {
            double g = arguments.GradientScale * gradients[i];
            if (arguments.Decoupled) p[i] *= 1 - rate * decay;
            else g += decay * p[i];

            m[i] = beta1 * m[i] + (1 - beta1) * g;
            v[i] = beta2 * v[i] + (1 - beta2) * g * g;
            double square = v[i];
            if (largest is not null) square = largest[i] = Math.Max(largest[i], v[i]);
            p[i] -= rate / correction1 * m[i] / (Math.Sqrt(square) / correction2 + arguments.Epsilon);
        }
    }
}
