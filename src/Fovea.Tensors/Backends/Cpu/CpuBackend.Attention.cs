using Fovea.Tensors.Backends.Cpu.Attention;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void Attention(in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums)
    {
        AttentionArguments a = arguments;
        float* qkvData = Floats(qkv), yData = Floats(y), sums = Floats(logSums);
        if (a.Batch * a.Heads < MinimumParts)
        {
            // Few heads: their queries are shared out.
            int queries = Parts(Parts(a.Tokens, Parts(MinimumParts, Math.Max(1, a.Batch * a.Heads))), V.TileRows) * V.TileRows;
            int blocks = Parts(a.Tokens, Math.Max(1, queries));
            _pool.Run(a.Batch * a.Heads * blocks, part =>
            {
                int first = part % blocks * queries;
                new AttentionHead<V>(a, qkvData, part / blocks, part / blocks).Forward(yData, sums, first, Math.Min(queries, a.Tokens - first));
            });
            return;
        }

        ForHeads(a, (index, next) => new AttentionHead<V>(a, qkvData, index, next).Forward(yData, sums, 0, a.Tokens));
    }

    /// <summary>All heads, a run of them by one thread; each call also gets the head that follows, to fetch its tokens meanwhile.</summary>
    private void ForHeads(AttentionArguments a, Action<int, int> body)
    {
        int total = a.Batch * a.Heads, perPart = Math.Max(1, total / (2 * MinimumParts));
        _pool.Run(Parts(total, perPart), part =>
        {
            int end = Math.Min(total, (part + 1) * perPart);
            for (int index = part * perPart; index < end; index++) body(index, Math.Min(index + 1, end - 1));
        });
    }

    public override void AttentionBackward(
        in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums, Storage dy, Storage dqkv, bool accumulate)
    {
        AttentionArguments a = arguments;
        float* qkvData = Floats(qkv), yData = Floats(y), sums = Floats(logSums), dyData = Floats(dy), dqkvData = Floats(dqkv);
        ForHeads(a, (index, next) => new AttentionHead<V>(a, qkvData, index, next).Backward(yData, sums, dyData, dqkvData, accumulate));
    }
}
