using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>Optimisers whose step depends on lengths, which stay on the device: nobody waits for them.</summary>
internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard)
    {
        foreach (IGrouping<LambArguments, UpdateStep<LambArguments>> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => step.Arguments))
        {
            using Aten aten = new(this);
            LambArguments a = group.Key;
            UpdateStep<LambArguments>[] all = [.. group];
            NativeTensor[] parameters = Views(aten, all, step => step.Parameter, step => step.Count);
            NativeTensor[] changes = Changes(aten, a, all, guard);
            int[] counts = [.. all.Select(step => step.Count)];
            NativeTensor decay = Filled(aten, -a.WeightDecay);
            AddProducts(aten, changes, parameters, [.. Enumerable.Repeat(decay, all.Length)]);
            NativeTensor weight = LengthsOf(aten, parameters, counts), change = LengthsOf(aten, changes, counts);
            NativeTensor trust = OneWithout(aten, weight, change, aten.Divide(weight, change));
            if (a.ClipTrust) trust = aten.One("minimum", trust, aten.Number(1));
            AddProducts(aten, parameters, changes,
                Split(aten, aten.Multiply(trust, Kept(aten, a.LearningRate, guard)), all.Length));
        }
    }

    /// <summary>Minus Adam's change at rate 1, by Adam's own operator on parameters of zeros, which changes the moments
    /// as well; zeros where the guard leaves the step out.</summary>
    private static NativeTensor[] Changes(in Aten aten, in LambArguments a, UpdateStep<LambArguments>[] all,
        StepGuard? guard)
    {
        NativeTensor[] changes = new NativeTensor[all.Length];
        for (int i = 0; i < changes.Length; i++) changes[i] = aten.Zeros([all[i].Count]);
        NativeTensor[] gradients = Scaled(aten, Views(aten, all, step => step.Gradient, step => step.Count),
            a.GradientScale);
        NativeTensor count = Filled(aten, a.Step);
        NativeTensor[] counts = [.. Enumerable.Repeat(count, all.Length)];
        aten.Nothing("_fused_adam_", changes, gradients, Views(aten, all, step => step.State[0], step => step.Count),
            Views(aten, all, step => step.State[1], step => step.Count), Array.Empty<NativeTensor>(), counts, 1.0,
            a.Beta1, a.Beta2, 0.0, a.Epsilon, false, false, DivisorOf(aten, guard), BrokenOf(aten, guard));
        return changes;
    }

    /// <inheritdoc/>
    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard)
    {
        foreach (IGrouping<(LarsArguments, int), UpdateStep<LarsArguments>> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => (step.Arguments, step.State.Length)))
        {
            using Aten aten = new(this);
            (LarsArguments a, int states) = group.Key;
            bool hasMomentum = states > 0;
            UpdateStep<LarsArguments>[] all = [.. group];
            NativeTensor[] parameters = Views(aten, all, step => step.Parameter, step => step.Count);
            NativeTensor[] gradients = Views(aten, all, step => step.Gradient, step => step.Count);
            NativeTensor scale = Filled(aten, a.GradientScale);
            if (guard is not null) scale = aten.Divide(scale, aten.Strided(guard.Divisor, [], []));
            NativeTensor trust = Trust(aten, a, parameters, gradients, [.. all.Select(step => step.Count)], scale);
            gradients = aten.Many("_foreach_mul.List", gradients,
                Split(aten, aten.Multiply(trust, scale), all.Length));
            AddProducts(aten, gradients, parameters,
                Split(aten, aten.Multiply(trust, Filled(aten, a.WeightDecay)), all.Length));
            aten.Nothing("_fused_sgd_", parameters, gradients,
                hasMomentum ? Views(aten, all, step => step.State[0], step => step.Count)
                    : Array.Empty<NativeTensor>(),
                0.0, hasMomentum ? a.Momentum : 0, a.LearningRate, 0.0, a.Nesterov, false, a.First, Argument.None,
                BrokenOf(aten, guard));
        }
    }

    private NativeTensor Trust(in Aten aten, in LarsArguments a, NativeTensor[] parameters, NativeTensor[] gradients,
        int[] counts, NativeTensor scale)
    {
        NativeTensor weight = LengthsOf(aten, parameters, counts);
        NativeTensor gradient = aten.Multiply(LengthsOf(aten, gradients, counts), scale);
        NativeTensor divisor = aten.Add(aten.Add(gradient, weight, a.WeightDecay), Filled(aten, a.Epsilon));
        NativeTensor ratio = aten.Multiply(aten.Divide(weight, divisor), Filled(aten, a.TrustCoefficient));
        NativeTensor trust = OneWithout(aten, weight, gradient, ratio);
        return a.ClipTrust ? aten.One("minimum", aten.Divide(trust, Filled(aten, a.LearningRate)), aten.Number(1))
            : trust;
    }

    /// <summary>√ Σ x² of each row, in single precision.</summary>
    private NativeTensor LengthsOf(in Aten aten, NativeTensor[] rows, int[] counts)
    {
        if (SumsInOneCall || WorksBehindCalls) return aten.One("sqrt", Segments(aten, rows, counts));
        int type = _deviceType == Torch.MpsType ? Torch.Float32 : Torch.Float64;
        NativeTensor sums = aten.Empty([rows.Length], type);
        for (int i = 0; i < rows.Length; i++)
        {
            using Aten part = new(this);
            NativeTensor values = part.Cloned(rows[i], [counts[i]], type);
            part.Copy(part.One("dot", values, values), part.Strided(sums, [], [], i));
        }

        return aten.Cloned(aten.One("sqrt", sums), [rows.Length], Torch.Float32);
    }

    /// <summary>A ratio of lengths; 1 where one of them is 0.</summary>
    private static NativeTensor OneWithout(in Aten aten, NativeTensor first, NativeTensor second, NativeTensor ratio)
    {
        NativeTensor zero = aten.Number(0), one = aten.Number(1);
        return aten.Where(aten.Greater(first, zero), aten.Where(aten.Greater(second, zero), ratio, one), one);
    }

    /// <summary>A number, or 0 where the guard leaves the step out.</summary>
    private static NativeTensor Kept(in Aten aten, double value, StepGuard? guard)
    {
        NativeTensor number = Filled(aten, value);
        return guard is null ? number
            : aten.Multiply(number, aten.Subtract(aten.Number(1), aten.Strided(guard.Broken, [], [])));
    }

    /// <summary>A number of this step, which is not remembered.</summary>
    private static NativeTensor Filled(in Aten aten, double value)
    {
        NativeTensor number = aten.Empty([]);
        aten.Fill(number, value);
        return number;
    }

    /// <summary>Each of a += b · factor, in place.</summary>
    private static void AddProducts(in Aten aten, NativeTensor[] a, NativeTensor[] b, NativeTensor[] factors)
    {
        for (int i = 0; i < a.Length; i++) aten.AddTo(a[i], b[i], 1, factors[i]);
    }

    /// <summary>The numbers of a row, each by itself.</summary>
    private static NativeTensor[] Split(in Aten aten, NativeTensor row, int count)
    {
        NativeTensor[] numbers = new NativeTensor[count];
        for (int i = 0; i < count; i++) numbers[i] = aten.Strided(row, [], [], i);
        return numbers;
    }
}
