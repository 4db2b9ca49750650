using System.Collections.Concurrent;
using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <content>
/// Every walk of every head is a part of its own, because each is sequential. Walks write to buffers of their own,
/// which are added in the order of the walks, some heads at a time: results depend neither on threads nor on how many.
/// </content>
internal sealed unsafe partial class CpuBackend<V>
{
    /// <summary>Floats that the walks' results may take at a time, if that keeps the threads busy.</summary>
    private const long WalkFloats = 1 << 22;

    private readonly ConcurrentDictionary<GridScan, int[][]> _orders = [];

    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y)
    {
        DeltaRuleArguments a = arguments;
        int[][] orders = Orders(a.Scan);
        HeadGradient result = new(new(y, 0, a.Heads * a.ValueDim), Accumulate: false);
        ForWalks(a, a.ValueDim, (head, walk, to) =>
            new DeltaRuleWalk<V>(a, head, walk, orders[walk]).Forward(to),
            (head, from) => AddWalks(result, a, a.ValueDim, head, from, a.ValueDim));
    }

    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients)
    {
        DeltaRuleArguments a = arguments;
        DeltaRuleGradients to = gradients;
        int[][] orders = Orders(a.Scan);
        float* from = Floats(dy);
        int width = 2 * a.KeyDim + a.ValueDim;
        ForWalks(a, width, (head, walk, own) =>
            new DeltaRuleWalk<V>(a, head, walk, orders[walk]).Backward(from, own, to.Decay, to.Strength),
            (head, own) =>
            {
                AddWalks(to.Q, a, a.KeyDim, head, own, width);
                AddWalks(to.K, a, a.KeyDim, head, own + a.KeyDim, width);
                AddWalks(to.V, a, a.ValueDim, head, own + 2 * a.KeyDim, width);
            });
    }

    private delegate void WalkBody(int head, int walk, float* to);

    private delegate void HeadBody(int head, float* from);

    private int[][] Orders(GridScan scan) => _orders.GetOrAdd(scan,
        static of => [.. Enumerable.Range(0, GridScan.Count).Select(of.Order)]);

    /// <summary>Walks, each with room for <c>[token, width]</c>, then heads with the four walks' results.</summary>
    private void ForWalks(DeltaRuleArguments a, int width, WalkBody walks, HeadBody heads)
    {
        int total = a.Batch * a.Heads;
        long own = (long)a.Tokens * width;
        if (total == 0) return;
        int atOnce = (int)Math.Min(total, Math.Max(WalkFloats / (GridScan.Count * own), 1 + Threads / GridScan.Count));
        CpuStorage buffer = Borrow(atOnce * GridScan.Count * own);
        float* all = buffer.Pointer;
        for (int first = 0; first < total; first += atOnce)
        {
            (int start, int count) = (first, Math.Min(atOnce, total - first));
            _pool.Run(count * GridScan.Count, part => walks(start + part / GridScan.Count, part % GridScan.Count,
                all + part * own));
            _pool.Run(count, part => heads(start + part, all + part * GridScan.Count * own));
        }

        _buffers.Return(buffer);
    }

    /// <summary>Sums of the four walks' rows, which lie <paramref name="stride"/> apart.</summary>
    private static void AddWalks(in HeadGradient to, in DeltaRuleArguments a, int width, int head, float* from,
        int stride)
    {
        (int batch, int index) = Math.DivRem(head, a.Heads);
        HeadRows<V> rows = new(to.View, a.Tokens, width, batch, index);
        nint walk = (nint)a.Tokens * stride;
        for (int token = 0; token < a.Tokens; token++, from += stride)
            for (int e = 0; e < width; e += V.Count)
            {
                int lanes = Math.Min(V.Count, width - e);
                float* row = rows.Row(token) + e;
                V sum = to.Accumulate ? V.LoadPartial(row, lanes) : V.Zero;
                for (int i = 0; i < GridScan.Count; i++) sum += V.LoadPartial(from + i * walk + e, lanes);
                V.StorePartial(row, sum, lanes);
            }
    }
}
