namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override double SumOfSquares(Storage x, int count)
    {
        double sum = 0;
        foreach (double value in Values(x).AsSpan(0, count)) sum += value * value;
        return sum;
    }

    public override void Sgd(in SgdArguments arguments, Storage parameter, Storage gradient, Storage? momentum, int count)
    {
        double[] p = Values(parameter), gradients = Values(gradient);
        double[]? m = momentum is null ? null : Values(momentum);
        for (int i = 0; i < count; i++)
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

    public override void Adam(
        in AdamArguments arguments, Storage parameter, Storage gradient, Storage mean, Storage variance, Storage? maximum, int count)
    {
        double[] p = Values(parameter), gradients = Values(gradient), m = Values(mean), v = Values(variance);
        double[]? largest = maximum is null ? null : Values(maximum);
        double rate = arguments.LearningRate, decay = arguments.WeightDecay, beta1 = arguments.Beta1, beta2 = arguments.Beta2;
        double correction1 = 1 - Math.Pow(beta1, arguments.Step), correction2 = Math.Sqrt(1 - Math.Pow(beta2, arguments.Step));
        for (int i = 0; i < count; i++)
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

    public override void Lerp(Storage x, Storage y, int count, float weight)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < count; i++) to[i] += weight * (from[i] - to[i]);
    }
}
