using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <summary>In double where the device has it (all but MPS), with one read for all.</summary>
    public override double[] SumsOfSquares(IReadOnlyList<(Storage X, int Count)> tensors)
    {
        if (tensors.Count == 0) return [];
        using Aten aten = new(this);
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

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<SgdStep> steps)
    {
        foreach (IGrouping<(SgdArguments, bool), SgdStep> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => (step.Arguments, step.Momentum is not null)))
        {
            using Aten aten = new(this);
            (SgdArguments a, bool hasMomentum) = group.Key;
            SgdStep[] all = [.. group];
            NativeTensor[] gradients = Scaled(aten, Views(aten, all, step => step.Gradient, step => step.Count),
                a.GradientScale);
            aten.Nothing("_fused_sgd_", Views(aten, all, step => step.Parameter, step => step.Count), gradients,
                hasMomentum ? Views(aten, all, step => step.Momentum!, step => step.Count)
                    : Array.Empty<NativeTensor>(),
                a.WeightDecay, hasMomentum ? a.Momentum : 0, a.LearningRate, a.Dampening, a.Nesterov, false, a.First,
                Argument.None, Argument.None);
        }
    }

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<AdamStep> steps)
    {
        foreach (IGrouping<(AdamArguments, bool), AdamStep> group in steps.Where(step => step.Count > 0)
            .GroupBy(step => (step.Arguments, step.Maximum is not null)))
        {
            using Aten aten = new(this);
            (AdamArguments a, bool hasMaximum) = group.Key;
            AdamStep[] all = [.. group];
            NativeTensor[] gradients = Scaled(aten, Views(aten, all, step => step.Gradient, step => step.Count),
                a.GradientScale);
            NativeTensor count = aten.Cloned(aten.Strided(aten.Number(0), [], []), []);
            aten.Fill(count, a.Step);
            NativeTensor[] counts = [.. Enumerable.Repeat(count, all.Length)];
            aten.Nothing(a.Decoupled ? "_fused_adamw_" : "_fused_adam_",
                Views(aten, all, step => step.Parameter, step => step.Count), gradients,
                Views(aten, all, step => step.Mean, step => step.Count),
                Views(aten, all, step => step.Variance, step => step.Count),
                hasMaximum ? Views(aten, all, step => step.Maximum!, step => step.Count) : Array.Empty<NativeTensor>(),
                counts, a.LearningRate, a.Beta1, a.Beta2, a.WeightDecay, a.Epsilon, hasMaximum, false, Argument.None,
                Argument.None);
        }
    }

    /// <inheritdoc/>
    public override void Lerp(IReadOnlyList<(Storage X, Storage Y, int Count)> pairs, float weight)
    {
        using Aten aten = new(this);
        NativeTensor factor = aten.Empty([]);
        aten.Fill(factor, weight);
        foreach ((Storage x, Storage y, int count) in pairs)
            aten.One("lerp_.Tensor", aten.View(y, count), aten.View(x, count), factor);
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
