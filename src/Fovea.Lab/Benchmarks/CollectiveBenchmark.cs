using System.Diagnostics;
using Fovea.Core.Collectives;

namespace Fovea.Lab.Benchmarks;

/// <summary>Times the sums that ranks make together: latency with small vectors, bandwidth with large ones.</summary>
public static class CollectiveBenchmark
{
    private const int MostRepeats = 10_000;

    private static readonly int[] Sizes = [4, 32, 256, 2 << 10, 16 << 10, 128 << 10, 1 << 20, 8 << 20, 64 << 20];

    /// <summary>Measures; every rank calls it.</summary>
    /// <param name="ranks">The ranks, more than one.</param>
    /// <param name="shards">Shards of the sums over a tree.</param>
    /// <param name="seconds">About how long it takes in all.</param>
    /// <param name="repeats">How often each sum is made; null: as the seconds allow.</param>
    /// <exception cref="UsageException">There is one rank only, or there are more than shards.</exception>
    public static CollectiveResult Run(ICollective ranks, int shards, double seconds, int? repeats)
    {
        if (ranks.Size == 1)
            throw new UsageException("there is one rank, and nothing to measure between ranks.")
            {
                Field = "collective",
                Remedy = "Start several with a launcher, for example: mpirun -np 2 fovea bench `collective`.",
            };
        _ = new ShardTree(shards, ranks.Size);
        double budget = seconds / Sizes.Length / 2;
        return new CollectiveResult
        {
            Transport = ranks.Name,
            Ranks = ranks.Size,
            RanksOnMachine = ranks.LocalSize,
            Shards = shards,
            Sizes = [.. Sizes.Select(bytes => Time(ranks, shards, bytes, budget, repeats))],
        };
    }

    private static CollectiveTiming Time(ICollective ranks, int shards, int bytes, double budget, int? repeats)
    {
        float[] values = new float[bytes / sizeof(float)];
        TreeSum tree = new(ranks, shards, values.Length);
        double[] allReduce = Measure(ranks, budget, repeats, () => { }, () => ranks.AllReduce(values));
        double[] treeSum = Measure(ranks, budget, repeats, () =>
        {
            for (int i = 0; i < tree.ShardCount; i++) tree.Add(values);
        }, () => tree.Reduce(values));
        return new CollectiveTiming
        {
            Bytes = bytes,
            Repeats = Math.Min(allReduce.Length, treeSum.Length),
            AllReduceMicroseconds = 1e6 * allReduce[allReduce.Length / 2],
            TreeSumMicroseconds = 1e6 * treeSum[treeSum.Length / 2],
        };
    }

    /// <summary>Seconds of each sum, ascending. The first ones warm up, and tell rank 0 how many fit.</summary>
    private static double[] Measure(ICollective ranks, double budget, int? repeats, Action prepare, Action sum)
    {
        double Once()
        {
            prepare();
            ranks.Barrier();
            long start = Stopwatch.GetTimestamp();
            sum();
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        Once();
        long begin = Stopwatch.GetTimestamp();
        Once();
        double whole = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        int[] count = [repeats ?? (int)Math.Clamp(budget / whole, 3, MostRepeats)];
        ranks.Broadcast<int>(count);
        double[] times = new double[count[0]];
        for (int i = 0; i < times.Length; i++) times[i] = Once();
        return [.. times.Order()];
    }
}
