using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void KernelAttention(in KernelAttentionArguments arguments, Storage y, Storage normalizers)
    {
        KernelAttentionArguments a = arguments;
        float* yData = Floats(y), sums = Floats(normalizers);
        if (RunWholeHeads(a, head => head.Forward(yData, sums), (head, state) =>
        {
            head.SumKeys((float*)state, 0, a.KeyCount);
            head.Read((float*)state, yData, sums, 0, a.QueryCount);
        })) return;

        // Few heads: their tokens are shared out, and the ranges' sums are added in order.
        int heads = a.Batch * a.Heads, size = KernelAttentionHead<V>.StateSize(a), ranges = Ranges(heads);
        CpuStorage states = Borrow((long)heads * ranges * size);
        float* all = states.Pointer;
        _pool.Run(heads * ranges, part =>
        {
            (int first, int count) = Range(part % ranges, ranges, a.KeyCount);
            new KernelAttentionHead<V>(a, part / ranges).SumKeys(all + (nint)part * size, first, count);
        });
        _pool.Run(heads, index => AddRanges(all + (nint)index * ranges * size, ranges, size));
        _pool.Run(heads * ranges, part =>
        {
            (int first, int count) = Range(part % ranges, ranges, a.QueryCount);
            new KernelAttentionHead<V>(a, part / ranges)
                .Read(all + (nint)(part / ranges * ranges) * size, yData, sums, first, count);
        });
        _buffers.Return(states);
    }

    public override void KernelAttentionBackward(
        in KernelAttentionArguments arguments, Storage y, Storage normalizers, Storage dy,
        in KernelAttentionGradients gradients)
    {
        KernelAttentionArguments a = arguments;
        KernelAttentionGradients to = gradients;
        float* yData = Floats(y), sums = Floats(normalizers), dyData = Floats(dy);
        if (RunWholeHeads(a, head => head.Backward(yData, sums, dyData, to), (head, state) =>
        {
            float* sum = (float*)state;
            head.SumKeys(sum, 0, a.KeyCount);
            head.Seal(sum);
            head.QueryGradients(sum, yData, sums, dyData, to.Queries, 0, a.QueryCount);
            head.SumQueries(sum, yData, sums, dyData, 0, a.QueryCount);
            head.KeyGradients(sum, to.Keys, to.Values, 0, a.KeyCount);
        })) return;

        int heads = a.Batch * a.Heads, size = KernelAttentionHead<V>.StateSize(a), ranges = Ranges(heads);
        CpuStorage states = Borrow(2L * heads * ranges * size);
        float* keys = states.Pointer, queries = keys + (nint)heads * ranges * size;
        _pool.Run(heads * ranges, part =>
        {
            KernelAttentionHead<V> head = new(a, part / ranges);
            (int first, int count) = Range(part % ranges, ranges, a.KeyCount);
            head.SumKeys(keys + (nint)part * size, first, count);
            (first, count) = Range(part % ranges, ranges, a.QueryCount);
            head.SumQueries(queries + (nint)part * size, yData, sums, dyData, first, count);
        });
        _pool.Run(2 * heads, index => AddRanges(keys + (nint)index * ranges * size, ranges, size));
        _pool.Run(heads, index => new KernelAttentionHead<V>(a, index).Seal(keys + (nint)index * ranges * size));
        _pool.Run(heads * ranges, part =>
        {
            KernelAttentionHead<V> head = new(a, part / ranges);
            nint state = (nint)(part / ranges * ranges) * size;
            (int first, int count) = Range(part % ranges, ranges, a.QueryCount);
            head.QueryGradients(keys + state, yData, sums, dyData, to.Queries, first, count);
            (first, count) = Range(part % ranges, ranges, a.KeyCount);
            head.KeyGradients(queries + state, to.Keys, to.Values, first, count);
        });
        _buffers.Return(states);
    }

    /// <summary>
    /// Computes each head on one thread: with a relation by <paramref name="related"/>, else by
    /// <paramref name="whole"/>(head, memory of a state). False, and nothing is computed, where the heads alone do not
    /// keep all threads busy.
    /// </summary>
    private bool RunWholeHeads(KernelAttentionArguments a, Action<RelationHead<V>> related,
        Action<KernelAttentionHead<V>, nint> whole)
    {
        RelationPlan? plan = PlanOf(a);
        int heads = a.Batch * a.Heads, size = KernelAttentionHead<V>.StateSize(a);
        if (plan is null && Ranges(heads) > 1) return false;
        _pool.Run(heads, index =>
        {
            using Scratch scratch = Scratch.Begin();
            if (plan is not null) related(new RelationHead<V>(a, plan, index, scratch));
            else whole(new KernelAttentionHead<V>(a, index), (nint)scratch.Floats(size));
        });
        return true;
    }

    private static RelationPlan? PlanOf(in KernelAttentionArguments a) =>
        a.Relation is null ? null
            : RelationPlan.Of(a.Relation, a.Features, a.HeadDim,
                a.QueryWeights is not null || a.KeyWeights is not null);

    /// <summary>Into how many ranges the tokens of each head are cut; 1 where the heads alone keep all threads
    /// busy, or where their number must not matter.</summary>
    private static int Ranges(int heads) =>
        BatchInvariance.IsAsked ? 1 : Parts(MinimumParts, Math.Max(1, heads));

    private static (int First, int Count) Range(int range, int ranges, int tokens)
    {
        int length = Parts(tokens, ranges), first = Math.Min(tokens, range * length);
        return (first, Math.Min(length, tokens - first));
    }

    /// <summary>The first of several buffers, one behind the other, becomes their sum.</summary>
    private static void AddRanges(float* buffers, int count, int size)
    {
        for (int other = 1; other < count; other++)
        {
            float* from = buffers + (nint)other * size;
            int i = 0;
            for (; i + V.Count <= size; i += V.Count) V.Store(buffers + i, V.Load(buffers + i) + V.Load(from + i));
            for (; i < size; i++) buffers[i] += from[i];
        }
    }
}
