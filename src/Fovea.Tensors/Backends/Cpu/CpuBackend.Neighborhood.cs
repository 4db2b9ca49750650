using Fovea.Tensors.Backends.Cpu.Attention;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        NeighborhoodArguments a = arguments;
        float* yData = Floats(y), sums = Floats(logSums);
        ForHeads(a, index => new NeighborhoodHead<V>(a, index).Forward(yData, sums));
    }

    /// <summary>One head of one sequence is the smallest part: its queries add to the same keys, one row after
    /// another.</summary>
    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv)
    {
        NeighborhoodArguments a = arguments;
        (HeadGradient toQueries, HeadGradient toKeys, HeadGradient toValues) = (dq, dk, dv);
        float* sums = Floats(logSums), dyData = Floats(dy);
        ForHeads(a, index =>
            new NeighborhoodHead<V>(a, index).Backward(sums, dyData, toQueries, toKeys, toValues));
    }

    private void ForHeads(NeighborhoodArguments a, Action<int> body)
    {
        int total = a.Batch * a.Heads, perPart = Math.Max(1, total / (2 * MinimumParts));
        _pool.Run(Parts(total, perPart), part =>
        {
            for (int index = part * perPart; index < Math.Min(total, (part + 1) * perPart); index++) body(index);
        });
    }
}
