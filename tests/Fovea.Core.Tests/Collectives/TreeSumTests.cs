using System.Runtime.InteropServices;
using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

public sealed class TreeSumTests
{
    public static TheoryData<int, int> ShardsAndRanks => [.. from shards in Enumerable.Range(1, 13)
        from ranks in Enumerable.Range(1, shards) select (shards, ranks)];

    [Theory]
    [MemberData(nameof(ShardsAndRanks))]
    public void Any_number_of_ranks_gives_the_bits_of_neighbours_added_level_by_level(int shards, int ranks)
    {
        foreach (int length in (int[])[0, 1, 2, 7, 64, 1003])
        {
            float[][] values = [.. Enumerable.Range(0, shards).Select(shard => Values(length, shard))];
            byte[] expected = Bytes(LevelByLevel(values));

            byte[][] sums = ThreadRanks.Run(ranks, rank => Sum(rank, values, length));

            Assert.All(sums, sum => Assert.Equal(expected, sum));
        }
    }

    [Fact]
    public void The_order_of_adding_shows_in_the_bits_of_these_values()
    {
        float[][] values = [.. Enumerable.Range(0, 8).Select(shard => Values(1003, shard))];
        float[] oneByOne = [.. values[0]];
        foreach (float[] more in values.Skip(1))
            for (int i = 0; i < more.Length; i++) oneByOne[i] += more[i];

        Assert.NotEqual(Bytes(LevelByLevel(values)), Bytes(oneByOne));
    }

    [Fact]
    public void Buffers_are_used_again_and_nothing_of_the_sum_before_stays()
    {
        float[][] first = [.. Enumerable.Range(0, 6).Select(shard => Values(50, shard))];
        float[][] second = [.. Enumerable.Range(0, 6).Select(shard => Values(50, 60 + shard))];

        byte[][] sums = ThreadRanks.Run(4, rank =>
        {
            TreeSum tree = new(rank, 6, 50);
            _ = Sum(tree, first, 50);
            return Sum(tree, second, 50);
        });

        Assert.All(sums, sum => Assert.Equal(Bytes(LevelByLevel(second)), sum));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void A_power_of_two_of_ranks_sends_no_more_than_the_best_all_reduce(int ranks)
    {
        const int length = 8 * 1000;
        float[][] values = [.. Enumerable.Range(0, 8).Select(shard => Values(length, shard))];

        long[] sent = ThreadRanks.Run(ranks, rank =>
        {
            _ = Sum(rank, values, length);
            return rank.Sent;
        });

        Assert.All(sent, bytes => Assert.Equal(2L * length * sizeof(float) * (ranks - 1) / ranks, bytes));
    }

    [Fact]
    public void One_process_needs_no_other()
    {
        float[][] values = [.. Enumerable.Range(0, 5).Select(shard => Values(9, shard))];

        Assert.Equal(Bytes(LevelByLevel(values)), Sum(new TreeSum(SingleProcess.Instance, 5, 9), values, 9));
    }

    [Fact]
    public void More_ranks_than_shards_are_refused()
    {
        UsageException error = Assert.Throws<UsageException>(() => new ShardTree(3, 4));

        Assert.Equal("shards", error.Field);
        Assert.Contains("3 shards", error.Message);
        Assert.Contains("at most 3 of them", error.Remedy);
        Assert.Throws<UsageException>(() => new ShardTree(0, 1));
    }

    [Fact]
    public void Shards_that_are_missing_or_too_many_are_noticed()
    {
        TreeSum tree = new(SingleProcess.Instance, 2, 1);
        tree.Add([1f]);
        Assert.Throws<InvalidOperationException>(() => tree.Reduce(new float[1]));
        tree.Add([2f]);
        Assert.Throws<InvalidOperationException>(() => tree.Add([3f]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tree.Reduce(new float[2]));
    }

    [Theory]
    [MemberData(nameof(ShardsAndRanks))]
    public void Every_shard_has_one_rank_and_blocks_differ_by_one_at_most(int shards, int ranks)
    {
        ShardTree tree = new(shards, ranks);
        int[] counts = [.. Enumerable.Range(0, ranks).Select(tree.CountOf)];

        Assert.Equal((0, shards), (tree.FirstOf(0), tree.FirstOf(ranks)));
        Assert.Equal(shards, counts.Sum());
        Assert.InRange(counts.Max() - counts.Min(), 0, 1);
    }

    private static byte[] Sum(ICollective ranks, float[][] values, int length) =>
        Sum(new TreeSum(ranks, values.Length, length), values, length);

    private static byte[] Sum(TreeSum tree, float[][] values, int length)
    {
        for (int i = 0; i < tree.ShardCount; i++) tree.Add(values[tree.FirstShard + i]);
        float[] sum = new float[length];
        tree.Reduce(sum);
        return Bytes(sum);
    }

    /// <summary>The definition: neighbours are added, and what has none goes up as it is.</summary>
    private static float[] LevelByLevel(float[][] values)
    {
        List<float[]> level = [.. values];
        while (level.Count > 1)
            level = [.. level.Chunk(2).Select(pair => pair.Length == 1 ? pair[0]
                : pair[0].Zip(pair[1], (left, right) => left + right).ToArray())];
        return level[0];
    }

    private static float[] Values(int count, int stream)
    {
        Philox random = new(3, (ulong)stream);
        return [.. Enumerable.Range(0, count).Select(i =>
            random.Uniform(2 * (ulong)i, -1, 1) * MathF.Pow(10, random.Uniform(2 * (ulong)i + 1, -6, 6)))];
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();
}
