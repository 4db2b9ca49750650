using System.Buffers.Binary;
using System.Text;
using Fovea.Tensors.Backends.Cpu.Placement;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Tensors.Tests.Backends.Placement;

/// <summary>Machines that Linux describes, as trees of files.</summary>
public sealed class ProcessorTopologyTests
{
    [Fact]
    public void One_node()
    {
        using Tree tree = new("0-1", (0, "0-1"));
        tree.Cores("0", "1");
        Assert.Equal([new(0, 0, 0), new(1, 1, 0)], tree.Read());
    }

    [Fact]
    public void Two_nodes_with_two_threads_per_core()
    {
        using Tree tree = new("0-7", (0, "0-1,4-5"), (1, "2-3,6-7"));
        tree.Cores("0,4", "1,5", "2,6", "3,7");
        Assert.Equal([new(0, 0, 0), new(1, 1, 0), new(2, 2, 1), new(3, 3, 1), new(4, 0, 0), new(5, 1, 0), new(6, 2, 1),
            new(7, 3, 1)], tree.Read());
        // first threads of all cores before second ones, node by node
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 0], Placed(9, tree.Read()));
    }

    [Fact]
    public void Neighbouring_numbers_may_share_a_core()
    {
        using Tree tree = new("0-3", (0, "0-3"));
        tree.Cores("0-1", "2-3");
        Assert.Equal([0, 2, 1], Placed(3, tree.Read()));
        Assert.StartsWith("pinned: 3 threads on 3 processors of 2 cores; all memory is one node",
            ThreadPlacement.Of(3, tree.Read()).Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Processors_that_are_off_are_left_out()
    {
        using Tree tree = new("0,2-3", (0, "0"), (1, "2-3"));
        tree.Cores("0", "2", "3");
        Assert.Equal([0, 2, 3], tree.Read().Select(processor => processor.Number));
        Assert.Equal([0, 1, 1], ThreadPlacement.Of(3, tree.Read()).Nodes);
    }

    [Fact]
    public void A_cpuset_is_respected()
    {
        using Tree tree = new("0-7", (0, "0-3"), (1, "4-7"));
        tree.Cores("0-1", "2-3", "4-5", "6-7");
        IReadOnlyList<Processor> allowed = tree.Read(ProcessorTopology.AllowedBy(
            "Name:\tdotnet\nCpus_allowed:\tf8\nCpus_allowed_list:\t3,5-7\nMems_allowed_list:\t0-1\n"));
        Assert.Equal([new(3, 2, 0), new(5, 4, 1), new(6, 6, 1), new(7, 6, 1)], allowed);
        Assert.Equal([3, 5, 6, 7], Placed(4, allowed));
        Assert.Equal([3, 5, 6], Placed(3, allowed));   // 7 shares its core with 6
        // nodes without a thread do not count
        ThreadPlacement second = ThreadPlacement.Of(2, tree.Read([5, 6]));
        Assert.Equal(1, second.NodeCount);
        Assert.Equal([0, 0], second.Nodes);
    }

    [Fact]
    public void Older_systems_have_another_name_for_siblings()
    {
        using Tree tree = new("0-3", (0, "0-3"));
        foreach ((int number, string siblings) in ((int, string)[])[(0, "0,2"), (1, "1,3"), (2, "0,2"), (3, "1,3")])
            tree.Write($"cpu/cpu{number}/topology/thread_siblings_list", siblings);
        Assert.Equal([0, 1, 0, 1], tree.Read().Select(processor => processor.Core));
    }

    [Fact]
    public void What_is_not_written_counts_for_nothing()
    {
        using Tree tree = new("0-1");
        Assert.Equal([new(0, 0, 0), new(1, 1, 0)], tree.Read());
        tree.Write("cpu/cpu1/topology/core_cpus_list", "7-9");   // not its own
        Assert.Equal([new(0, 0, 0), new(1, 1, 0)], tree.Read());
        tree.Write("cpu/online", "?");
        Assert.Equal([new(1, 1, 0)], tree.Read([1]));
        Assert.Empty(tree.Read());
        Assert.Null(ProcessorTopology.AllowedBy("Cpus_allowed_list:\t\n"));
        Assert.Null(ProcessorTopology.AllowedBy("VmPeak:\t1 kB\n"));
    }

    [Fact]
    public void Any_machine_gives_each_thread_a_processor_and_no_core_two_before_all_have_one() =>
        Prop.ForAll(Machines().ToArbitrary(), machine =>
        {
            int[] places = Placed(machine.Threads, machine.Processors);
            int distinct = places.Distinct().Count(),
                cores = machine.Processors.Select(processor => processor.Core).Distinct().Count(),
                used = places.Select(place => machine.Processors.First(processor => processor.Number == place).Core)
                    .Distinct().Count();
            return distinct == Math.Min(machine.Threads, machine.Processors.Length)
                && used == Math.Min(machine.Threads, cores);
        }).Hold();

    [Fact]
    public void Windows_describes_cores_and_nodes_by_masks()
    {
        byte[] entries = [.. Entry(0b0011, 0, 1), .. Entry(0b1100, 0, 1), .. Entry(0b1111, 2, 0),
            .. Entry(0b0011, 1, 0),
            .. Entry(0b1100, 1, 1)];
        Assert.Equal([new(0, 0, 0), new(2, 2, 1), new(3, 2, 1)], WindowsTopology.Read(entries, 0b1101));
        Assert.Equal([new(63, 63, 0)], WindowsTopology.Read(entries.AsSpan(0, 31), 1UL << 63));
    }

    [Fact]
    public void A_pinned_thread_stays()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("This looks into /proc.");
        int last = ProcessorTopology.OfThisProcess()[^1].Number;
        bool isPinned = false;
        int[]? allowed = null;
        Thread thread = new(() =>
        {
            isPinned = ThreadAffinity.Pin(last);
            allowed = ProcessorTopology.AllowedBy(File.ReadAllText("/proc/thread-self/status"));
        });
        thread.Start();
        thread.Join();
        Assert.True(isPinned);
        Assert.Equal([last], allowed!);
    }

    [Fact]
    public void A_processor_that_is_not_there_is_refused()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Of other systems we know less.");
        bool? isPinned = null;
        Thread thread = new(() => isPinned = ThreadAffinity.Pin(1000));
        thread.Start();
        thread.Join();
        Assert.False(isPinned);
    }

    private static int[] Placed(int threads, IReadOnlyList<Processor> processors)
    {
        ThreadPlacement placement = ThreadPlacement.Of(threads, processors);
        return [.. Enumerable.Range(0, threads).Select(placement.ProcessorOf)];
    }

    private static Gen<(int Threads, Processor[] Processors)> Machines() =>
        from threads in Gen.Choose(1, 40)
        from cores in Gen.Choose(1, 12)
        from siblings in Gen.Choose(1, 3)
        from nodes in Gen.Choose(1, 3)
        from spread in Gen.Elements(true, false)
        select (threads, Enumerable.Range(0, cores * siblings).Select(number =>
        {
            int core = spread ? number % cores : number / siblings;
            return new Processor(number, core, core * nodes / cores);
        }).ToArray());

    private static byte[] Entry(ulong mask, int relation, int node)
    {
        byte[] entry = new byte[WindowsTopology.EntryBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, mask);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(8), relation);
        BinaryPrimitives.WriteInt32LittleEndian(entry.AsSpan(16), node);
        return entry;
    }

    /// <summary>What Linux has in <c>/sys/devices/system</c>.</summary>
    private sealed class Tree : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Tree(string online, params (int Node, string Processors)[] nodes)
        {
            Write("cpu/online", online);
            if (nodes.Length > 0) Write("node/online", string.Join(',', nodes.Select(node => node.Node)));
            foreach ((int node, string processors) in nodes) Write($"node/node{node}/cpulist", processors);
        }

        public void Write(string name, string text) => _folder.Write(name, Encoding.ASCII.GetBytes(text + "\n"));

        /// <summary>Processors of each core.</summary>
        public void Cores(params string[] cores)
        {
            foreach (string core in cores)
                foreach (int number in ProcessorList.Read(core)!)
                    Write($"cpu/cpu{number}/topology/core_cpus_list", core);
        }

        public IReadOnlyList<Processor> Read(int[]? allowed = null) => ProcessorTopology.Read(_folder.Path, allowed);

        public void Dispose() => _folder.Dispose();
    }
}
