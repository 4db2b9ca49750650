using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void Attention(in AttentionArguments arguments, Storage y, Storage logSums)
    {
        if (!IsInPairs(arguments)) Attention<ManagedTiles<V, Singles>>(arguments, y, logSums);
        else if (_assemblesPairs) Attention<AssembledPairs>(arguments, y, logSums);
        else Attention<ManagedTiles<V, Pairs>>(arguments, y, logSums);
    }

    private void Attention<TTiles>(in AttentionArguments arguments, Storage y, Storage logSums)
        where TTiles : struct, ITiles
    {
        AttentionArguments a = arguments;
        float* yData = Floats(y), sums = Floats(logSums);
        if (a.Batch * a.Heads < WantedParts)
        {
            // Few heads: their queries are shared out.
            int queries = Parts(Parts(a.Queries, Parts(WantedParts, Math.Max(1, a.Batch * a.Heads))),
                V.TileRows) * V.TileRows;
            int blocks = Parts(a.Queries, Math.Max(1, queries));
            _pool.Run(a.Batch * a.Heads * blocks, part =>
            {
                int first = part % blocks * queries;
                new AttentionHead<V, TTiles>(a, part / blocks, part / blocks)
                    .Forward(yData, sums, first, Math.Min(queries, a.Queries - first));
            });
            return;
        }

        ForHeads(a, (index, next) => new AttentionHead<V, TTiles>(a, index, next).Forward(yData, sums, 0, a.Queries));
    }

    /// <summary>Softmax attention without relations between tokens.</summary>
    private bool IsInPairs(in AttentionArguments a) =>
        _precision != Precision.Fp32 && a.Relation is null && !a.HasBias;

    public override void AttentionBackward(
        in AttentionArguments arguments, Storage y, Storage logSums, Storage dy, in AttentionGradients gradients)
    {
        if (!IsInPairs(arguments))
            AttentionBackward<ManagedTiles<V, Singles>>(arguments, y, logSums, dy, gradients);
        else if (_assemblesPairs) AttentionBackward<AssembledPairs>(arguments, y, logSums, dy, gradients);
        else AttentionBackward<ManagedTiles<V, Pairs>>(arguments, y, logSums, dy, gradients);
    }

    private void AttentionBackward<TTiles>(
        in AttentionArguments arguments, Storage y, Storage logSums, Storage dy, in AttentionGradients gradients)
        where TTiles : struct, ITiles
    {
        AttentionArguments a = arguments;
        AttentionGradients to = gradients;
        float* yData = Floats(y), sums = Floats(logSums), dyData = Floats(dy);
        ClearBiases(a, to);
        ForHeads(a, (index, next) => new AttentionHead<V, TTiles>(a, index, next).Backward(yData, sums, dyData, to));
    }

    public override void SinkhornAttention(in AttentionArguments arguments, int iterations, Storage y,
        Storage potentials)
    {
        AttentionArguments a = arguments;
        float* yData = Floats(y), saved = Floats(potentials);
        ForHeads(a, (index, _) =>
        {
            using Scratch scratch = Scratch.Begin();
            new SinkhornHead<V>(a, iterations, index, saved, scratch).Forward(yData);
        });
    }

    public override void SinkhornAttentionBackward(
        in AttentionArguments arguments, int iterations, Storage y, Storage potentials, Storage dy,
        in AttentionGradients gradients)
    {
        AttentionArguments a = arguments;
        AttentionGradients to = gradients;
        float* saved = Floats(potentials), dyData = Floats(dy);
        ClearBiases(a, to);
        ForHeads(a, (index, _) =>
        {
            using Scratch scratch = Scratch.Begin();
            new SinkhornHead<V>(a, iterations, index, saved, scratch).Backward(dyData, to);
        });
    }

    /// <summary>All heads, a run of them by one thread; each call also gets the head that follows, to fetch its tokens
    /// meanwhile.</summary>
    private void ForHeads(AttentionArguments a, Action<int, int> body)
    {
        int total = a.Batch * a.Heads, perPart = Math.Max(1, total / (2 * WantedParts));
        _pool.Run(Parts(total, perPart), part =>
        {
            int end = Math.Min(total, (part + 1) * perPart);
            for (int index = part * perPart; index < end; index++) body(index, Math.Min(index + 1, end - 1));
        });
    }

    /// <summary>Gradients of biases are sums over pairs of tokens, and start from 0.</summary>
    private void ClearBiases(in AttentionArguments a, in AttentionGradients gradients)
    {
        int buckets = a.Relation?.Buckets ?? 0, heads = a.Batch * a.Heads;
        if (gradients.QueryBias is not null) Fill(gradients.QueryBias, heads * a.Queries * buckets, 0);
        if (gradients.KeyBias is not null) Fill(gradients.KeyBias, heads * a.Keys * buckets, 0);
        if (gradients.HeadBias is not null) Fill(gradients.HeadBias, heads * buckets, 0);
    }
}
