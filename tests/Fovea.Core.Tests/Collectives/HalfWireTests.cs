using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

public sealed class HalfWireTests
{
    [Fact]
    public void Values_are_rounded_to_the_nearest_and_ties_to_even()
    {
        float step = 1f / 128;   // between neighbours above 1
        float[] values = [1 + 0.4f * step, 1 + 0.5f * step, 1 + 1.5f * step, 1 + 0.6f * step, -1 - 0.6f * step, 0, -0f,
            float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 1e-40f, 3];
        float[] expected = [1, 1, 1 + 2 * step, 1 + step, -1 - step, 0, -0f, float.PositiveInfinity,
            float.PositiveInfinity, float.NegativeInfinity, float.NaN, BitConverter.UInt32BitsToSingle(0x00010000), 3];
        foreach (int copies in (int[])[1, 5])   // by ones and by vectors
        {
            float[] many = [.. Enumerable.Repeat(values, copies).SelectMany(v => v)];
            ushort[] sent = new ushort[many.Length];
            float[] received = new float[many.Length];

            new HalfWire(many.Length).Round(many, 0, sent);
            HalfWire.Widen(sent, received);

            Assert.Equal(many, received);
            Assert.Equal(Enumerable.Repeat(expected, copies).SelectMany(v => v), received);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    public void What_rounding_loses_comes_later(int length)
    {
        HalfWire wire = new(length);
        double sum = 0;
        for (int i = 0; i < 1000; i++)
        {
            float[] values = [.. Enumerable.Repeat(1.0013f, length)];
            wire.Round(values, 0, new ushort[length]);
            Assert.All(values, value => Assert.Equal(values[0], value));
            sum += values[^1];
        }

        Assert.Equal(1001.3, sum, 0.01);   // without feedback it would be 1000
    }

    [Theory]
    [InlineData(2, 4)]
    [InlineData(3, 7)]
    [InlineData(4, 4)]
    public void Sums_are_the_same_on_all_ranks_near_the_whole_and_half_the_bytes(int ranks, int shards)
    {
        const int length = 999;
        float[][] sums = new float[ranks][];
        long[] sent = new long[2];
        for (int half = 0; half < 2; half++)
        {
            float[][] now = ThreadRanks.Run(ranks, rank =>
            {
                TreeSum tree = new(rank, shards, length, half == 1);
                for (int shard = tree.FirstShard; shard < tree.FirstShard + tree.ShardCount; shard++)
                    tree.Add([.. Enumerable.Range(0, length).Select(i => MathF.Sin(i + shard * 1.7f))]);
                float[] sum = new float[length];
                tree.Reduce(sum);
                Interlocked.Add(ref sent[half], rank.Sent);
                return sum;
            });
            Assert.All(now, sum => Assert.Equal(now[0], sum));
            sums[half] = now[0];
        }

        Assert.Equal(sent[0], 2 * sent[1]);
        Assert.All(sums[0].Zip(sums[1]), pair => Assert.Equal(pair.First, pair.Second, 0.03f));
    }
}
