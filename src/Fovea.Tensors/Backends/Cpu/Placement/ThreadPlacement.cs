namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>A processor for each thread of a pool. The first thread is the one that calls, which is not the pool's: its
/// processor is left free for it, and the system finds it.</summary>
internal sealed class ThreadPlacement
{
    private readonly Processor[] _slots;

    private ThreadPlacement(Processor[] slots, int processors)
    {
        int[] nodes = [.. slots.Select(slot => slot.Node).Distinct().Order()];
        (_slots, NodeCount) = (slots, nodes.Length);
        Nodes = [.. slots.Select(slot => Array.IndexOf(nodes, slot.Node))];
        string threads = slots.Length == 1 ? "1 thread" : $"{slots.Length} threads";
        int cores = slots.Select(slot => slot.Core).Distinct().Count(), used = Math.Min(slots.Length, processors);
        string where = used == cores ? Cores(cores) : $"{used} processors of {Cores(cores)}";
        string also = slots.Length > processors ? ", which several share" : "";
        Note = $"pinned: {threads} on {where}{also}; " + (NodeCount == 1
            ? "all memory is one node, so there is nothing to place."
            : $"loops and new memory are divided among {NodeCount} memory nodes.");
    }

    /// <summary>Node of each thread, counted from 0.</summary>
    internal int[] Nodes { get; }

    /// <summary>Number of nodes on which there are threads.</summary>
    internal int NodeCount { get; }

    /// <summary>The result, in a sentence.</summary>
    internal string Note { get; }

    /// <summary>Number of the processor of a thread.</summary>
    internal int ProcessorOf(int thread) => _slots[thread].Number;

    /// <summary>One thread per physical core first, node by node; then the cores' second threads, and so on; more
    /// threads than processors start again.</summary>
    /// <param name="threads">Threads to place.</param>
    /// <param name="processors">Where; one or more.</param>
    internal static ThreadPlacement Of(int threads, IReadOnlyList<Processor> processors)
    {
        Processor[] order = [.. processors.GroupBy(processor => processor.Core)
            .SelectMany(core => core.OrderBy(processor => processor.Number)
                .Select((processor, turn) => (processor, turn)))
            .OrderBy(one => one.turn).ThenBy(one => one.processor.Node).ThenBy(one => one.processor.Core)
            .Select(one => one.processor)];
        return new([.. Enumerable.Range(0, threads).Select(thread => order[thread % order.Length])], order.Length);
    }

    private static string Cores(int count) => count == 1 ? "1 core" : $"{count} cores";
}
