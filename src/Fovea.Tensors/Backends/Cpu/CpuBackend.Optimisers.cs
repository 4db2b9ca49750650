using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors)
    {
        foreach ((Storage x, _) in tensors) PassRecording.Current?.Reads(x);
        double[][] sums = [.. tensors.Select(tensor => new double[Parts(tensor.Count, ElementsPerPart)])];
        ForElements([.. tensors.Select(tensor => tensor.Count)], (tensor, start, length) =>
            sums[tensor][start / ElementsPerPart] = OptimiserKernels<V>.SumOfSquares(Floats(tensors[tensor].X) + start,
                length));
        return [.. sums.Select(parts => parts.Aggregate(0.0, (total, sum) => total + sum))];
    }

    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard) =>
        ForElements([.. steps.Select(step => step.Count)], (tensor, start, length) =>
    {
        UpdateStep<SgdArguments> s = steps[tensor];
        OptimiserKernels<V>.Sgd(
            s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start,
            At(s.StateAt(0), start), length);
    });

    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard) =>
        ForElements([.. steps.Select(step => step.Count)], (tensor, start, length) =>
    {
        UpdateStep<AdamArguments> s = steps[tensor];
        OptimiserKernels<V>.Adam(
            s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start, Floats(s.State[0]) + start,
            Floats(s.State[1]) + start,
            At(s.StateAt(2), start), length);
    });

    /// <summary>Two passes: the moments with the lengths, then the step, for which the change is computed again from
    /// the moments, so that it takes no memory.</summary>
    public override void Lamb(IReadOnlyList<UpdateStep<LambArguments>> steps, StepGuard? guard)
    {
        int[] counts = [.. steps.Select(step => step.Count)];
        (double Weights, double Changes)[][] squares = [.. counts
            .Select(count => new (double, double)[Parts(count, ElementsPerPart)])];
        ForElements(counts, (tensor, start, length) =>
        {
            UpdateStep<LambArguments> s = steps[tensor];
            squares[tensor][start / ElementsPerPart] = OptimiserKernels<V>.LambMoments(
                s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start, Floats(s.State[0]) + start,
                Floats(s.State[1]) + start, length);
        });
        double[] trust = [.. steps.Select((step, i) => step.Arguments.Trust(
            squares[i].Aggregate(0.0, (total, part) => total + part.Weights),
            squares[i].Aggregate(0.0, (total, part) => total + part.Changes)))];
        ForElements(counts, (tensor, start, length) =>
        {
            UpdateStep<LambArguments> s = steps[tensor];
            OptimiserKernels<V>.LambStep(s.Arguments, trust[tensor], Changed(s.Parameter) + start,
                Floats(s.State[0]) + start, Floats(s.State[1]) + start, length);
        });
    }

    public override void Lars(IReadOnlyList<UpdateStep<LarsArguments>> steps, StepGuard? guard)
    {
        double[] squares = SumsOfSquares([.. steps.Select(step => (step.Parameter, step.Count)),
            .. steps.Select(step => (step.Gradient, step.Count))]);
        Sgd([.. steps.Select((step, i) => new UpdateStep<SgdArguments>(
            step.Arguments.Plain(step.Arguments.Trust(squares[i], squares[steps.Count + i])),
            step.Parameter, step.Gradient, step.State, step.Count))], guard);
    }

    public override void Lion(IReadOnlyList<UpdateStep<LionArguments>> steps, StepGuard? guard) =>
        ForElements([.. steps.Select(step => step.Count)], (tensor, start, length) =>
        {
            UpdateStep<LionArguments> s = steps[tensor];
            OptimiserKernels<V>.Lion(s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start,
                Floats(s.State[0]) + start, length);
        });

    public override void Adan(IReadOnlyList<UpdateStep<AdanArguments>> steps, StepGuard? guard) =>
        ForElements([.. steps.Select(step => step.Count)], (tensor, start, length) =>
        {
            UpdateStep<AdanArguments> s = steps[tensor];
            OptimiserKernels<V>.Adan(s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start,
                Floats(s.State[0]) + start, Floats(s.State[1]) + start, Floats(s.State[2]) + start,
                Floats(s.State[3]) + start, length);
        });

    public override void ScheduleFree(IReadOnlyList<UpdateStep<ScheduleFreeArguments>> steps, StepGuard? guard) =>
        ForElements([.. steps.Select(step => step.Count)], (tensor, start, length) =>
        {
            UpdateStep<ScheduleFreeArguments> s = steps[tensor];
            OptimiserKernels<V>.ScheduleFree(s.Arguments, Changed(s.Parameter) + start, Floats(s.Gradient) + start,
                Floats(s.State[0]) + start, Floats(s.State[1]) + start, length);
        });

    /// <summary>Two passes: how many elements agree, then the step.</summary>
    public override void Cautious(IReadOnlyList<UpdateStep<CautiousArguments>> steps, StepGuard? guard)
    {
        int[] counts = [.. steps.Select(step => step.Count)];
        int[][] agreeing = [.. counts.Select(count => new int[Parts(count, ElementsPerPart)])];
        ForElements(counts, (tensor, start, length) => agreeing[tensor][start / ElementsPerPart] =
            OptimiserKernels<V>.Agreeing(Floats(steps[tensor].State[0]) + start, Floats(steps[tensor].Gradient) + start,
                length));
        double[] scales = [.. steps.Select((step, i) =>
            CautiousArguments.Scale(agreeing[i].Sum(part => (long)part), step.Count))];
        ForElements(counts, (tensor, start, length) =>
        {
            UpdateStep<CautiousArguments> s = steps[tensor];
            OptimiserKernels<V>.Cautious(s.Arguments, scales[tensor], Changed(s.Parameter) + start,
                Floats(s.Gradient) + start, Floats(s.State[0]) + start, length);
        });
    }

    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight) =>
        ForElements([.. pairs.Select(pair => pair.Count)], (tensor, start, length) =>
            OptimiserKernels<V>.Lerp(Floats(pairs[tensor].X) + start, Changed(pairs[tensor].Y) + start, length,
                weight));

    private static float* At(Storage? storage, int start) => storage is null ? null : Floats(storage) + start;

    /// <summary>One loop over the elements of several tensors: calls <paramref name="body"/>(tensor, start, length),
    /// each cut as on its own.</summary>
    private void ForElements(int[] counts, Action<int, int, int> body)
    {
        int[] tensors = [.. counts
            .SelectMany((count, tensor) => Enumerable.Repeat(tensor, Parts(count, ElementsPerPart)))];
        int[] firsts = new int[counts.Length];   // the first part of each tensor
        for (int tensor = 1; tensor < counts.Length; tensor++)
            firsts[tensor] = firsts[tensor - 1] + Parts(counts[tensor - 1], ElementsPerPart);
        _pool.Run(tensors.Length, part =>
        {
            int tensor = tensors[part], start = (part - firsts[tensor]) * ElementsPerPart;
            body(tensor, start, Math.Min(ElementsPerPart, counts[tensor] - start));
        });
    }
}
