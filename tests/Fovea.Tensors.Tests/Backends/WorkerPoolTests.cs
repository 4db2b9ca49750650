using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Cpu.Placement;

namespace Fovea.Tensors.Tests.Backends;

public sealed class WorkerPoolTests
{
    public static TheoryData<int, int> ThreadsAndNodes() => new()
    {
        { 1, 1 }, { 2, 1 }, { 3, 1 }, { 64, 1 }, { 1, 2 }, { 2, 2 }, { 5, 2 }, { 7, 3 }, { 16, 4 },
    };

    [Theory]
    [MemberData(nameof(ThreadsAndNodes))]
    public void Every_part_is_computed_once(int threads, int nodes)
    {
        WorkerPool pool = Pool(threads, nodes);
        Assert.Equal(Math.Min(threads, nodes), pool.Nodes);
        foreach (int count in (int[])[0, 1, 2, 3, 5, 63, 64, 65, 1000])
            for (int repeat = 0; repeat < 20; repeat++)
            {
                int[] calls = new int[count];
                pool.Run(count, part => Interlocked.Increment(ref calls[part]));
                Assert.All(calls, number => Assert.Equal(1, number));
            }
    }

    [Theory]
    [MemberData(nameof(ThreadsAndNodes))]
    public void A_failure_comes_out_and_the_pool_goes_on(int threads, int nodes)
    {
        WorkerPool pool = Pool(threads, nodes);
        Assert.Throws<InvalidOperationException>(() => pool.Run(50, part =>
        {
            if (part == 30) throw new InvalidOperationException();
        }));
        int sum = 0;
        pool.Run(50, part => Interlocked.Add(ref sum, part));
        Assert.Equal(1225, sum);
    }

    [Fact]
    public void Within_a_part_loops_are_sequential_on_every_thread()
    {
        WorkerPool pool = Pool(4, 1);
        int sum = 0, others = 0;
        for (int repeat = 0; repeat < 100; repeat++)
            pool.Run(16, _ =>
            {
                int thread = Environment.CurrentManagedThreadId;
                pool.Run(10, part =>
                {
                    if (Environment.CurrentManagedThreadId != thread) Interlocked.Increment(ref others);
                    Interlocked.Add(ref sum, part);
                });
            });
        Assert.Equal((100 * 16 * 45, 0), (sum, others));
    }

    [Fact]
    public void Parts_are_timed_on_the_calling_thread_alone()
    {
        WorkerPool pool = Pool(3, 1);
        HashSet<int> threads = [];
        PartTrace.Loops = [];
        try
        {
            pool.Run(5, _ => threads.Add(Environment.CurrentManagedThreadId));
            pool.Run(2, _ => pool.Run(7, _ => { }));   // an inner loop belongs to its part
            Assert.Equal([5, 2], PartTrace.Loops.Select(parts => parts.Length));
            Assert.All(PartTrace.Loops.SelectMany(parts => parts), ticks => Assert.True(ticks >= 0));
        }
        finally
        {
            PartTrace.Loops = null;
        }

        Assert.Equal([Environment.CurrentManagedThreadId], threads);
    }

    [Fact]
    public void A_placement_says_what_it_did()
    {
        Assert.Null(new WorkerPool(2).Note);
        if (!ThreadAffinity.Exists) Assert.Skip("This system does not pin threads.");
        Assert.StartsWith("pinned: 2 threads on ", Pool(2, 1).Note, StringComparison.Ordinal);
        Assert.EndsWith("all memory is one node, so there is nothing to place.", Pool(2, 1).Note,
            StringComparison.Ordinal);
        Assert.EndsWith("divided among 2 memory nodes.", Pool(2, 2).Note, StringComparison.Ordinal);
        Assert.StartsWith("the system refused", new WorkerPool(2, ThreadPlacement.Of(2, [new(1000, 0, 0)])).Note,
            StringComparison.Ordinal);
    }

    /// <summary>Threads on a processor that there is, said to be of several nodes.</summary>
    private static WorkerPool Pool(int threads, int nodes)
    {
        if (nodes == 1 && !ThreadAffinity.Exists) return new(threads);
        int number = ProcessorTopology.OfThisProcess().Select(processor => processor.Number).FirstOrDefault();
        return new(threads, ThreadPlacement.Of(threads, [.. Enumerable.Range(0, threads).Select(i =>
            new Processor(number, i, i * nodes / threads))]));
    }
}
