using Fovea.Tensors.Backends.Cpu.Attention;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void Attention(in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums)
    {
        AttentionArguments a = arguments;
        float* qkvData = Floats(qkv), yData = Floats(y), sums = Floats(logSums);
        // Few heads and many tokens: the queries of a head are shared out too.
        int heads = a.Batch * a.Heads;
        int blocks = heads >= MinimumParts ? 1 : Math.Min(Parts(MinimumParts, Math.Max(1, heads)), Parts(a.Tokens, 4 * V.TileRows));
        int queries = Parts(Parts(a.Tokens, Math.Max(1, blocks)), V.TileRows) * V.TileRows;
        blocks = Parts(a.Tokens, queries);
        _pool.Run(heads * blocks, part =>
        {
            AttentionHead<V> head = new(a, qkvData, part / blocks);
            int first = part % blocks * queries;
            head.Forward(yData, sums, first, Math.Min(queries, a.Tokens - first));
        });
    }

    public override void AttentionBackward(
        in AttentionArguments arguments, Storage qkv, Storage y, Storage logSums, Storage dy, Storage dqkv, bool accumulate)
    {
        AttentionArguments a = arguments;
        float* qkvData = Floats(qkv), yData = Floats(y), sums = Floats(logSums), dyData = Floats(dy), dqkvData = Floats(dqkv);
        _pool.Run(a.Batch * a.Heads, part => new AttentionHead<V>(a, qkvData, part).Backward(yData, sums, dyData, dqkvData, accumulate));
    }
}
