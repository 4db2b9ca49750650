using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private const int MostSegments = 64;   // layer decay makes some thirty groups

    private readonly List<(int[] Counts, TorchStorage Lengths)> _segments = [];

    /// <summary>All sums by one operator, where a device waits for no call: on cuda. In single precision.</summary>
    internal bool SumsInOneCall { get; set; }

    /// <summary>In double where the device has it (all but MPS and, with few calls, cuda), with one read for
    /// all.</summary>
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors)
    {
        if (tensors.Count == 0) return [];
        using Aten aten = new(this);
        if (SumsInOneCall) return SumsBySegments(aten, tensors);
        int type = _deviceType == Torch.MpsType ? Torch.Float32 : Torch.Float64;
        NativeTensor sums = aten.Empty([tensors.Count], type);
        for (int i = 0; i < tensors.Count; i++)
        {
            using Aten part = new(this);
            (Storage x, int count) = tensors[i];
            NativeTensor values = part.Cloned(part.View(x, count), [count], type);
            part.Copy(part.One("dot", values, values), part.Strided(sums, [], [], i));
        }

        double[] results = new double[tensors.Count];
        NativeTensor read = type == Torch.Float64 ? sums : HostDoubles(aten, sums, tensors.Count);
        Download(aten, read, System.Runtime.InteropServices.MemoryMarshal.AsBytes(results.AsSpan()), Torch.Float64,
            results.Length);
        return results;
    }

    /// <summary>With norm = √ Σ g²: the divisor is max(1, (norm + 1e-6) / maximum), and a step is broken where the norm
    /// is not finite, or the one before was.</summary>
    public override StepGuard? BeginGuard(IReadOnlyList<(Storage X, int Count)> gradients, double? maximum,
        StepGuard? before)
    {
        if (IsHost || !SumsInOneCall && !WorksBehindCalls) return null;
        using Aten aten = new(this);
        NativeTensor sums = Segments(aten, gradients);
        NativeTensor total = aten.Sum(sums, [0]);
        NativeTensor divisor = maximum is { } limit
            ? aten.One("maximum", aten.Multiply(aten.Add(aten.One("sqrt", total), aten.Number(1e-6)), 1 / limit),
                aten.Number(1))
            : aten.Cloned(aten.Number(1), []);
        // only what is finite is 0 less itself
        NativeTensor broken = aten.Cloned(aten.One("ne.Tensor", aten.Subtract(total, total), aten.Number(0)), [],
            Torch.Float32);
        if (before is not null) broken = aten.One("maximum", broken, aten.Strided(before.Broken, [], []));
        StepGuard guard = new(Rent(gradients.Count), gradients.Count, Rent(1), Rent(1));
        aten.Put(sums, guard.Sums, gradients.Count);
        aten.Put(divisor, guard.Divisor, 1);
        aten.Put(broken, guard.Broken, 1);
        return guard;
    }

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<UpdateStep<SgdArguments>> steps, StepGuard? guard)
    {
        foreach (IGrouping<(SgdArguments, int), UpdateStep<SgdArguments>> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => (step.Arguments, step.State.Length)))
        {
            using Aten aten = new(this);
            (SgdArguments a, int states) = group.Key;
            bool hasMomentum = states > 0;
            UpdateStep<SgdArguments>[] all = [.. group];
            NativeTensor[] gradients = Scaled(aten, Views(aten, all, step => step.Gradient, step => step.Count),
                a.GradientScale);
            aten.Nothing("_fused_sgd_", Views(aten, all, step => step.Parameter, step => step.Count), gradients,
                hasMomentum ? Views(aten, all, step => step.State[0], step => step.Count)
                    : Array.Empty<NativeTensor>(),
                a.WeightDecay, hasMomentum ? a.Momentum : 0, a.LearningRate, a.Dampening, a.Nesterov, false, a.First,
                DivisorOf(aten, guard), BrokenOf(aten, guard));
        }
    }

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<UpdateStep<AdamArguments>> steps, StepGuard? guard)
    {
        foreach (IGrouping<(AdamArguments, int), UpdateStep<AdamArguments>> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => (step.Arguments, step.State.Length)))
        {
            using Aten aten = new(this);
            (AdamArguments a, int states) = group.Key;
            bool hasMaximum = states > 2;
            UpdateStep<AdamArguments>[] all = [.. group];
            NativeTensor[] gradients = Scaled(aten, Views(aten, all, step => step.Gradient, step => step.Count),
                a.GradientScale);
            NativeTensor count = aten.Cloned(aten.Strided(aten.Number(0), [], []), []);
            aten.Fill(count, a.Step);
            NativeTensor[] counts = [.. Enumerable.Repeat(count, all.Length)];
            aten.Nothing(a.Decoupled ? "_fused_adamw_" : "_fused_adam_",
                Views(aten, all, step => step.Parameter, step => step.Count), gradients,
                Views(aten, all, step => step.State[0], step => step.Count),
                Views(aten, all, step => step.State[1], step => step.Count),
                hasMaximum ? Views(aten, all, step => step.State[2], step => step.Count) : Array.Empty<NativeTensor>(),
                counts, a.LearningRate, a.Beta1, a.Beta2, a.WeightDecay, a.Epsilon, hasMaximum, false,
                DivisorOf(aten, guard), BrokenOf(aten, guard));
        }
    }

    /// <inheritdoc/>
    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight)
    {
        using Aten aten = new(this);
        if (pairs.Count == 0) return;
        NativeTensor factor = aten.Empty([]);
        aten.Fill(factor, weight);
        (Storage X, Storage Y, int Count)[] all = [.. pairs];
        aten.Nothing("_foreach_lerp_.List", Views(aten, all, pair => pair.Y, pair => pair.Count),
            Views(aten, all, pair => pair.X, pair => pair.Count),
            (NativeTensor[])[.. Enumerable.Repeat(factor, all.Length)]);
    }

    private static Argument DivisorOf(in Aten aten, StepGuard? guard) =>
        guard is null ? Argument.None : Argument.Some(aten.Strided(guard.Divisor, [], []));

    private static Argument BrokenOf(in Aten aten, StepGuard? guard) =>
        guard is null ? Argument.None : Argument.Some(aten.Strided(guard.Broken, [], []));

    private double[] SumsBySegments(in Aten aten, IReadOnlyList<(Storage X, int Count)> tensors)
    {
        float[] read = new float[tensors.Count];
        Download(aten, Segments(aten, tensors), System.Runtime.InteropServices.MemoryMarshal.AsBytes(read.AsSpan()),
            Torch.Float32, read.Length);
        return Array.ConvertAll(read, value => (double)value);
    }

    /// <summary>One row of all elements, squared in place, and the sums of its segments.</summary>
    private NativeTensor Segments(in Aten aten, IReadOnlyList<(Storage X, int Count)> tensors) =>
        Segments(aten, Views(aten, [.. tensors], one => one.X, one => one.Count),
            [.. tensors.Select(one => one.Count)]);

    private NativeTensor Segments(in Aten aten, NativeTensor[] rows, int[] counts)
    {
        NativeTensor all = aten.One("cat", rows, 0L);
        aten.Nothing("_foreach_mul_.List", (NativeTensor[])[all], (NativeTensor[])[all]);
        return aten.One("segment_reduce", all, "sum", Argument.Some(aten.View(LengthsOf(counts), counts.Length)),
            Argument.None, Argument.None, 0L, true, Argument.None);
    }

    /// <summary>Counts of tensors on the device, kept for the next step.</summary>
    private NativeTensor LengthsOf(int[] counts)
    {
        lock (_segments)
        {
            foreach ((int[] kept, TorchStorage lengths) in _segments)
                if (kept.AsSpan().SequenceEqual(counts)) return lengths.Tensor;
            if (_segments.Count == MostSegments) _segments.Clear();
            _segments.Add((counts, Table(counts)));
            return _segments[^1].Lengths.Tensor;
        }
    }

    /// <summary>Gradients times a factor, in tensors of their own: the fused operators would overwrite them.</summary>
    private static NativeTensor[] Scaled(in Aten aten, NativeTensor[] gradients, double factor)
    {
        if (factor == 1) return gradients;
        NativeTensor number = aten.Empty([]);
        aten.Fill(number, factor);
        return aten.Many("_foreach_mul.Tensor", gradients, number);
    }

    private static NativeTensor[] Views<T>(in Aten aten, T[] steps, Func<T, Storage> storage, Func<T, int> count)
    {
        NativeTensor[] views = new NativeTensor[steps.Length];
        for (int i = 0; i < views.Length; i++) views[i] = aten.View(storage(steps[i]), count(steps[i]));
        return views;
    }

    private NativeTensor HostDoubles(in Aten aten, NativeTensor values, long count)
    {
        nint host;
        long one = 1;
        aten.Check(Torch.EmptyStrided(1, &count, &one, Torch.Float32, Torch.CpuType, 0, &host), "host memory");
        NativeTensor copy = aten.Owning(new(host));
        aten.Copy(values, copy);
        return copy;
    }
}
