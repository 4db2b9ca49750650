using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>Optimisers that libtorch has no fused operator for, tensor by tensor; nobody waits.</summary>
internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<LionArguments> step in steps.Where(step => step.Count > 0))
        {
            using Aten aten = new(this);
            LionArguments a = step.Arguments;
            NativeTensor p = aten.View(step.Parameter, step.Count), m = aten.View(step.State[0], step.Count);
            NativeTensor g = Gradient(aten, step.Gradient, step.Count, a.GradientScale, guard);
            NativeTensor sign = aten.One("sign", aten.Add(aten.Multiply(m, Filled(aten, a.Beta1)), g, 1 - a.Beta1));
            AddKept(aten, p, p, -a.LearningRate * a.WeightDecay, guard);
            AddKept(aten, p, sign, -a.LearningRate, guard);
            MoveTo(aten, m, g, 1 - a.Beta2);
        }
    }

    /// <inheritdoc/>
    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<AdanArguments> step in steps.Where(step => step.Count > 0))
        {
            using Aten aten = new(this);
            AdanArguments a = step.Arguments;
            (double first, double second, double third) = a.Corrections;
            NativeTensor p = aten.View(step.Parameter, step.Count), m = aten.View(step.State[0], step.Count),
                v = aten.View(step.State[1], step.Count), n = aten.View(step.State[2], step.Count),
                before = aten.View(step.State[3], step.Count);
            NativeTensor g = Gradient(aten, step.Gradient, step.Count, a.GradientScale, guard);
            if (a.Step == 1) aten.Copy(g, before);
            NativeTensor difference = aten.Subtract(g, before), ahead = aten.Add(g, difference, a.Beta2);
            MoveTo(aten, m, g, 1 - a.Beta1);
            MoveTo(aten, v, difference, 1 - a.Beta2);
            MoveTo(aten, n, aten.Multiply(ahead, ahead), 1 - a.Beta3);
            aten.Copy(g, before);
            NativeTensor divisor = aten.Add(
                aten.Multiply(aten.One("sqrt", n), Filled(aten, 1 / Math.Sqrt(third))), Filled(aten, a.Epsilon));
            NativeTensor change = aten.Divide(
                aten.Add(aten.Multiply(m, Filled(aten, 1 / first)), v, a.Beta2 / second), divisor);
            double keep = 1 / (1 + a.LearningRate * a.WeightDecay);
            AddKept(aten, p, p, keep - 1, guard);
            AddKept(aten, p, change, -a.LearningRate * keep, guard);
        }
    }

    /// <inheritdoc/>
    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<ScheduleFreeArguments> step in steps.Where(step => step.Count > 0))
        {
            using Aten aten = new(this);
            ScheduleFreeArguments a = step.Arguments;
            NativeTensor y = aten.View(step.Parameter, step.Count), z = aten.View(step.State[0], step.Count),
                v = aten.View(step.State[1], step.Count);
            NativeTensor g = Gradient(aten, step.Gradient, step.Count, a.GradientScale, guard);
            if (a.First) aten.Copy(y, z);
            MoveTo(aten, v, aten.Multiply(g, g), 1 - a.Beta2);
            NativeTensor change = aten.Divide(g, aten.Add(aten.One("sqrt", v), Filled(aten, a.Epsilon)));
            change = aten.Add(change, y, a.WeightDecay);
            AddKept(aten, y, aten.Subtract(z, y), a.Share, guard);
            AddKept(aten, y, change, a.LearningRate * (a.Beta1 * (1 - a.Share) - 1), guard);
            AddKept(aten, z, change, -a.LearningRate, guard);
        }
    }

    /// <inheritdoc/>
    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<CautiousArguments> step in steps.Where(step => step.Count > 0))
        {
            using Aten aten = new(this);
            NativeTensor p = aten.View(step.Parameter, step.Count), change = aten.View(step.State[0], step.Count);
            NativeTensor signs = aten.Multiply(aten.One("sign", change),
                aten.One("sign", aten.View(step.Gradient, step.Count)));
            NativeTensor mask = aten.Where(aten.Greater(aten.Number(0), signs), aten.Number(1), aten.Number(0));
            NativeTensor share = aten.One("maximum", aten.Multiply(aten.Sum(mask, [0]), Filled(aten, 1.0 / step.Count)),
                aten.Number(1e-3));
            AddKept(aten, p, p, step.Arguments.Keep - 1, guard);
            AddKept(aten, p, aten.Divide(aten.Multiply(change, mask), share), step.Arguments.Rate, guard);
        }
    }

    /// <inheritdoc/>
    public override void Muon(IReadOnlyList<UpdateStep<MuonArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<MuonArguments> step in steps.Where(step => step.Count > 0))
        {
            using Aten aten = new(this);
            MuonArguments a = step.Arguments;
            NativeTensor p = aten.View(step.Parameter, step.Count), m = aten.View(step.State[0], step.Count);
            NativeTensor g = Gradient(aten, step.Gradient, step.Count, a.GradientScale, guard);
            MoveTo(aten, m, g, 1 - a.Momentum);
            NativeTensor change = a.Nesterov ? aten.Add(g, aten.Subtract(m, g), a.Momentum) : m;
            NativeTensor orthogonal = Orthogonalized(aten, change, a.Rows, step.Count / a.Rows, a.Iterations);
            AddKept(aten, p, p, -a.LearningRate * a.WeightDecay, guard);
            AddKept(aten, p, aten.View(orthogonal, step.Count), -a.LearningRate * a.Scale, guard);
        }
    }

    private static NativeTensor Orthogonalized(in Aten aten, NativeTensor change, long rows, long columns,
        int iterations)
    {
        NativeTensor length = aten.Add(aten.One("sqrt", aten.Sum(aten.Multiply(change, change), [0])),
            Filled(aten, MuonArguments.Epsilon));
        NativeTensor x = aten.View(aten.Divide(change, length), rows, columns);
        bool isTall = rows > columns;
        for (int i = 0; i < iterations; i++)
        {
            NativeTensor other = aten.Transposed(x);
            NativeTensor square = isTall ? MatrixProduct(aten, other, x) : MatrixProduct(aten, x, other);
            NativeTensor sum = aten.Add(aten.Multiply(square, MuonArguments.B), MatrixProduct(aten, square, square),
                MuonArguments.C);
            x = aten.Add(isTall ? MatrixProduct(aten, x, sum) : MatrixProduct(aten, sum, x), x, MuonArguments.A);
        }

        return x;
    }

    private static NativeTensor MatrixProduct(in Aten aten, NativeTensor a, NativeTensor b) =>
        aten.Single(aten.One("mm", aten.Operand(a), aten.Operand(b)));

    /// <summary>A gradient as the step takes it: scaled, clipped by the guard, and zeros where that leaves the step
    /// out.</summary>
    private static NativeTensor Gradient(in Aten aten, Storage gradient, int count, double scale, StepGuard? guard)
    {
        NativeTensor factor = Filled(aten, scale), view = aten.View(gradient, count);
        if (guard is null) return aten.Multiply(view, factor);
        factor = aten.Divide(factor, aten.Strided(guard.Divisor, [], []));
        NativeTensor isBroken = aten.Greater(aten.Strided(guard.Broken, [], []), aten.Number(0));
        return aten.Where(isBroken, aten.Number(0), aten.Multiply(view, factor));
    }

    /// <summary>a += factor · b, in place; nothing where the guard leaves the step out.</summary>
    private static void AddKept(in Aten aten, NativeTensor a, NativeTensor b, double factor, StepGuard? guard)
    {
        if (factor != 0) aten.AddTo(a, b, 1, Kept(aten, factor, guard));
    }

    /// <summary>average += weight · (x − average), in place.</summary>
    private static void MoveTo(in Aten aten, NativeTensor average, NativeTensor x, double weight) =>
        aten.Nothing("_foreach_lerp_.List", (NativeTensor[])[average], (NativeTensor[])[x],
            (NativeTensor[])[Filled(aten, weight)]);
}
