namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LionArguments> step in steps)
        {
            LionArguments a = step.Arguments;
            double[] p = Values(step.Parameter), gradients = Values(step.Gradient), m = Values(step.State[0]);
            for (int i = 0; i < step.Count; i++)
            {
                double g = a.GradientScale * gradients[i];
                p[i] = p[i] * (1 - a.LearningRate * a.WeightDecay)
                    - a.LearningRate * Math.Sign(a.Beta1 * m[i] + (1 - a.Beta1) * g);
                m[i] = a.Beta2 * m[i] + (1 - a.Beta2) * g;
            }
        }
    }

    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<AdanArguments> step in steps)
        {
            AdanArguments a = step.Arguments;
            (double first, double second, double third) = a.Corrections;
            double[] p = Values(step.Parameter), gradients = Values(step.Gradient), m = Values(step.State[0]),
                v = Values(step.State[1]), n = Values(step.State[2]), before = Values(step.State[3]);
            for (int i = 0; i < step.Count; i++)
            {
                double g = a.GradientScale * gradients[i], d = a.Step == 1 ? 0 : g - before[i];
                m[i] = a.Beta1 * m[i] + (1 - a.Beta1) * g;
                v[i] = a.Beta2 * v[i] + (1 - a.Beta2) * d;
                n[i] = a.Beta3 * n[i] + (1 - a.Beta3) * (g + a.Beta2 * d) * (g + a.Beta2 * d);
                before[i] = g;
                double change = (m[i] / first + a.Beta2 * v[i] / second) / (Math.Sqrt(n[i] / third) + a.Epsilon);
                p[i] = (p[i] - a.LearningRate * change) / (1 + a.LearningRate * a.WeightDecay);
            }
        }
    }

    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<ScheduleFreeArguments> step in steps)
        {
            ScheduleFreeArguments a = step.Arguments;
            double[] y = Values(step.Parameter), gradients = Values(step.Gradient), z = Values(step.State[0]),
                v = Values(step.State[1]);
            for (int i = 0; i < step.Count; i++)
            {
                if (a.First) z[i] = y[i];
                double g = a.GradientScale * gradients[i];
                v[i] = a.Beta2 * v[i] + (1 - a.Beta2) * g * g;
                double change = g / (Math.Sqrt(v[i]) + a.Epsilon) + a.WeightDecay * y[i];
                y[i] += a.Share * (z[i] - y[i]) + a.LearningRate * (a.Beta1 * (1 - a.Share) - 1) * change;
                z[i] -= a.LearningRate * change;
            }
        }
    }

    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<CautiousArguments> step in steps)
        {
            double[] p = Values(step.Parameter), g = Values(step.Gradient), d = Values(step.State[0]);
            bool[] agrees = [.. Enumerable.Range(0, step.Count).Select(i => Math.Sign(d[i]) * Math.Sign(g[i]) < 0)];
            double rate = step.Arguments.Rate * CautiousArguments.Scale(agrees.Count(agree => agree), step.Count);
            for (int i = 0; i < step.Count; i++)
                p[i] = step.Arguments.Keep * p[i] + (agrees[i] ? rate * d[i] : 0);
        }
    }
}
