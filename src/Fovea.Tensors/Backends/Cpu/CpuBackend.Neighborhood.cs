using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <content>
/// Few heads are cut into rows of queries, by the shapes alone. Results of a row are its own, so they do not depend on
/// the cuts. Keys beside a cut get gradients from both sides: the later part's are kept apart, and added when all are
/// there.
/// </content>
internal sealed unsafe partial class CpuBackend<V>
{
    public override void NeighborhoodAttention(in NeighborhoodArguments arguments, Storage y, Storage logSums)
    {
        NeighborhoodArguments a = arguments;
        float* yData = Floats(y), sums = Floats(logSums);
        WindowPart[] parts = PartsOf(a);
        ForWindows(a.Batch * a.Heads * parts.Length, index => new NeighborhoodHead<V>(a, index / parts.Length)
            .Forward(parts[index % parts.Length], yData, sums));
    }

    public override void NeighborhoodAttentionBackward(in NeighborhoodArguments arguments, Storage logSums, Storage dy,
        in HeadGradient dq, in HeadGradient dk, in HeadGradient dv)
    {
        NeighborhoodArguments a = arguments;
        (HeadGradient toQueries, HeadGradient toKeys, HeadGradient toValues) = (dq, dk, dv);
        float* sums = Floats(logSums), dyData = Floats(dy);
        WindowPart[] parts = PartsOf(a);
        int heads = a.Batch * a.Heads;
        long floats = NeighborhoodHead<V>.SizesOf(a).SharedFloats(parts), ofHead = 2 * floats * parts.Length;
        CpuStorage buffer = Borrow(Math.Max(1, heads * ofHead));
        float* shared = buffer.Pointer;
        ForWindows(heads * parts.Length, index => new NeighborhoodHead<V>(a, index / parts.Length).Backward(
            parts[index % parts.Length], sums, dyData, toQueries, toKeys, toValues, shared + 2 * floats * index,
            floats));
        if (floats > 0)
            ForWindows(heads, index =>
            {
                NeighborhoodHead<V> head = new(a, index);
                head.ClearPrefix(toQueries);
                head.AddShared(parts, toKeys, shared + index * ofHead, 2 * floats);
                head.AddShared(parts, toValues, shared + index * ofHead + floats, 2 * floats);
            });
        _buffers.Return(buffer);
    }

    private static WindowPart[] PartsOf(in NeighborhoodArguments a) =>
        NeighborhoodHead<V>.SizesOf(a).Parts(Parts(MinimumParts, Math.Max(1, a.Batch * a.Heads)));

    private void ForWindows(int total, Action<int> body)
    {
        int perPart = Math.Max(1, total / (2 * WantedParts));
        _pool.Run(Parts(total, perPart), part =>
        {
            for (int index = part * perPart; index < Math.Min(total, (part + 1) * perPart); index++) body(index);
        });
    }
}
