using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // Heads of a token lie side by side, and caches fetch more than a line: one thread takes some of them.
    private const int NeighborsAtOnce = 8;

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
            float* keys = (float*)state, queries = keys + KernelAttentionHead<V>.StateSize(a);
            head.SumKeys(keys, 0, a.KeyCount);
            head.Seal(keys);
            head.Queries(keys, queries, yData, sums, dyData, to.Queries, 0, a.QueryCount);
            head.KeyGradients(queries, to.Keys, to.Values, 0, a.KeyCount);
        })) return;

        int heads = a.Batch * a.Heads, size = KernelAttentionHead<V>.StateSize(a), ranges = Ranges(heads);
        CpuStorage states = Borrow(2L * heads * ranges * size);
        float* keyStates = states.Pointer, queryStates = keyStates + (nint)heads * ranges * size;
        _pool.Run(heads * ranges, part =>
        {
            (int first, int count) = Range(part % ranges, ranges, a.KeyCount);
            new KernelAttentionHead<V>(a, part / ranges).SumKeys(keyStates + (nint)part * size, first, count);
        });
        _pool.Run(heads, index =>
        {
            float* keys = keyStates + (nint)index * ranges * size;
            AddRanges(keys, ranges, size);
            new KernelAttentionHead<V>(a, index).Seal(keys);
        });
        _pool.Run(heads * ranges, part =>
        {
            (int first, int count) = Range(part % ranges, ranges, a.QueryCount);
            new KernelAttentionHead<V>(a, part / ranges).Queries(keyStates + (nint)(part / ranges * ranges) * size,
                queryStates + (nint)part * size, yData, sums, dyData, to.Queries, first, count);
        });
        _pool.Run(heads, index => AddRanges(queryStates + (nint)index * ranges * size, ranges, size));
        _pool.Run(heads * ranges, part =>
        {
            (int first, int count) = Range(part % ranges, ranges, a.KeyCount);
            new KernelAttentionHead<V>(a, part / ranges).KeyGradients(
                queryStates + (nint)(part / ranges * ranges) * size, to.Keys, to.Values, first, count);
        });
        _buffers.Return(states);
    }

    /// <summary>
    /// Computes each head on one thread: with a relation by <paramref name="related"/>, else by
    /// <paramref name="whole"/>(head, memory of two states). False, and nothing is computed, where the heads alone do
    /// not keep all threads busy.
    /// </summary>
    private bool RunWholeHeads(KernelAttentionArguments a, Action<RelationHead<V>> related,
        Action<KernelAttentionHead<V>, nint> whole)
    {
        RelationPlan? plan = PlanOf(a);
        int heads = a.Batch * a.Heads, size = KernelAttentionHead<V>.StateSize(a);
        if (plan is null && Ranges(heads) > 1) return false;
        int perPart = Math.Clamp(heads / MinimumParts, 1, NeighborsAtOnce);
        _pool.Run(Parts(heads, perPart), part =>
        {
            for (int index = part * perPart; index < Math.Min(heads, (part + 1) * perPart); index++)
            {
                using Scratch scratch = Scratch.Begin();
                if (plan is not null) related(new RelationHead<V>(a, plan, index, scratch));
                else whole(new KernelAttentionHead<V>(a, index), (nint)scratch.Floats(2 * size));
            }
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
