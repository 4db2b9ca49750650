using System.Diagnostics.CodeAnalysis;
using Fovea.Core.Collectives;
using Fovea.Lab.Benchmarks;
using Fovea.Lab.Estimation.Clusters;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Lab.Tests.Estimation.Clusters;

public sealed class ClusterModelTests
{
    private static readonly ClusterModel Model = new()
    {
        Parameters = 86_567_656,
        Compute = new(1e-3, 0.01),
        Network = new(20e-6, 25e9 / 8, 8e9),
    };

    private static readonly Gen<(ClusterModel Model, int Ranks, int Shards, int Batch)> Cases =
        from ranks in Gen.Choose(1, 40)
        from more in Gen.Choose(0, 60)
        from images in Gen.Choose(0, 4000)
        from parameters in Gen.Choose(1, 200_000_000)
        from times in Gen.Choose(0, 100).Two()
        from speeds in Gen.Choose(0, 100).Three()
        from isLow in Gen.Elements(true, false)
        from isSharded in Gen.Elements(true, false)
        select (new ClusterModel
        {
            Parameters = parameters,
            Compute = new(Between(1e-6, 1, times.Item1), Between(1e-6, 1, times.Item2)),
            Network = new(Between(1e-7, 1e-2, speeds.Item1), Between(1e6, 1e12, speeds.Item2),
                Between(1e8, 1e12, speeds.Item3)),
            WireBytes = isLow ? 2 : 4,
            ShardsOptimiser = isSharded,
        }, ranks, ranks + more, ranks + more + images);

    [Fact]
    public void One_rank_waits_for_nobody()
    {
        ClusterStep one = Model.Predict(1, 8, 256);
        Assert.Equal((0, 0), (one.CommunicationSeconds, one.ExposedSeconds));
        Assert.Equal(0.256 + 0.01, one.StepSeconds, 1e-12);
        Assert.Equal(256 / 0.266, one.ImagesPerSecond, 1e-6);
        Assert.Equal((1, ClusterLimit.Compute), (one.Efficiency, one.Limit));
    }

    /// <summary>8 shards of 32 images: 3, 3 and 2 of them; ranks with two nodes of the tree send two parts.</summary>
    [Fact]
    public void The_largest_share_decides_where_shards_do_not_divide_evenly()
    {
        ClusterModel free = Model with { Network = new(0, double.PositiveInfinity, null) };
        ClusterStep three = free.Predict(3, 8, 256);
        Assert.Equal(0.256 * 3 / 8, three.ComputeSeconds, 1e-12);
        Assert.Equal(0, three.ExposedSeconds);
        Assert.Equal(0.266 / (3 * (0.096 + 0.01)), three.Efficiency, 1e-9);
        Assert.Equal(ClusterLimit.Shards, three.Limit);
    }

    /// <summary>Worked out by hand: 2 ranks, 21 buckets of 16.5 MB; a bucket takes 2 · 20 us + 16.5 MB / (25 Gbit/s)
    /// + 16.5 MB / (8 GB/s), which is 7.38 ms; the last shard's backward pass of 10.7 ms hides little.</summary>
    [Fact]
    public void The_time_is_that_of_the_formula()
    {
        Assert.Equal(21, Model.Buckets);
        double bytes = 4.0 * Model.Parameters / 21;
        double bucket = 2 * 20e-6 + bytes / 3.125e9 + bytes / 8e9;
        ClusterStep two = Model.Predict(2, 16, 256);
        double backward = 0.256 / 16 * 2 / 3;
        Assert.Equal(21 * bucket, two.CommunicationSeconds, 1e-9);
        Assert.Equal(backward / 21 + 21 * bucket - backward, two.ExposedSeconds, 1e-9);
        Assert.Equal(0.128 + two.ExposedSeconds + 0.01, two.StepSeconds, 1e-12);
        Assert.Equal(ClusterLimit.Bandwidth, two.Limit);

        // Backward passes that are long enough hide all but the last bucket.
        ClusterStep slow = (Model with { Compute = new(0.1, 0) }).Predict(2, 2, 256);
        Assert.Equal(bucket, slow.ExposedSeconds, 1e-9);
        Assert.Equal(ClusterLimit.Compute, slow.Limit);
    }

    [Fact]
    public void A_sharded_optimiser_saves_its_step_and_exchanges_weights()
    {
        ClusterStep plain = Model.Predict(4, 4, 256), sharded = (Model with { ShardsOptimiser = true })
            .Predict(4, 4, 256);
        Assert.Equal(0.01, plain.OptimiserSeconds);
        Assert.Equal(0.0025, sharded.OptimiserSeconds, 1e-12);
        Assert.Equal(21 * 3 * 20e-6 + 0.75 * 4 * Model.Parameters / 3.125e9,
            sharded.ExposedSeconds - plain.ExposedSeconds, 1e-9);
    }

    [Theory]
    [InlineData(20e-6, 1e15, 1e15, 512, ClusterLimit.Latency)]
    [InlineData(0, 1e8, 1e15, 8, ClusterLimit.Bandwidth)]
    [InlineData(0, 1e15, 1e8, 8, ClusterLimit.Adding)]
    public void What_limits_is_named(double latency, double bandwidth, double adding, int ranks, ClusterLimit limit) =>
        Assert.Equal(limit,
            (Model with { Network = new(latency, bandwidth, adding) }).Predict(ranks, ranks, 8 * ranks).Limit);

    [Fact]
    public void An_optimiser_that_every_rank_repeats_is_a_limit() => Assert.Equal(ClusterLimit.Optimiser,
        (Model with { Compute = new(1e-3, 1), Network = new(0, 1e15, 1e15) }).Predict(8, 8, 64).Limit);

    [Fact]
    public void Faster_networks_are_never_slower_and_nobody_is_faster_than_the_ranks_are_many() =>
        Prop.ForAll(Cases.ToArbitrary(), one =>
        {
            (ClusterModel model, int ranks, int shards, int batch) = one;
            ClusterStep step = model.Predict(ranks, shards, batch);
            double Step(NetworkModel network, int wire = 0) =>
                (model with { Network = network, WireBytes = wire > 0 ? wire : model.WireBytes })
                .Predict(ranks, shards, batch).StepSeconds;
            double least = step.StepSeconds * (1 + 1e-12);
            NetworkModel network = model.Network;
            return step.Efficiency is > 0 and <= 1
                && Step(network with { Bandwidth = 2 * network.Bandwidth }) <= least
                && Step(network with { Latency = network.Latency / 2 }) <= least
                && Step(network with { SumBandwidth = 2 * network.SumBandwidth }) <= least
                && Step(network, wire: 2) <= least
                && step.ExposedSeconds <= step.CommunicationSeconds * (1 + 1e-12) && step.ExposedSeconds >= 0
                && step.ComputeSeconds >= model.Compute.SecondsPerImage * batch / ranks * (1 - 1e-12)
                && (ranks > 1 ? step.ExposedSeconds > 0 : step.CommunicationSeconds == 0);
        }).Hold();

    /// <summary>The bytes and messages that the sum itself hands to a transport, at every rank.</summary>
    [Fact]
    public void The_traffic_is_that_of_the_sum() =>
        Prop.ForAll((from ranks in Gen.Choose(2, 12) from more in Gen.Choose(0, 20) select (ranks, ranks + more))
            .ToArbitrary(), one =>
        {
            (int ranks, int shards) = one;
            int length = 60 * ranks;
            Counting[] counted = [.. Enumerable.Range(0, ranks).Select(rank => new Counting(rank, ranks))];
            foreach (Counting rank in counted)
            {
                TreeSum sum = new(rank, shards, length);
                for (int i = 0; i < sum.ShardCount; i++) sum.Add(new float[length]);
                sum.Reduce(new float[length]);
            }

            TreeTraffic traffic = TreeTraffic.Of(new ShardTree(shards, ranks));
            return counted.All(rank => rank.Messages == traffic.Messages)
                && Math.Abs(counted.Max(rank => rank.Longer) - traffic.Vectors * length * sizeof(float)) < 1e-6
                && (shards % ranks > 0 || !int.IsPow2(ranks) || !int.IsPow2(shards)
                    || Math.Abs(traffic.Vectors - 2.0 * (ranks - 1) / ranks) < 1e-12);
        }).Hold();

    [Fact]
    public void A_measured_network_gives_the_measured_times_back()
    {
        NetworkModel truth = new(7e-6, 2e9, null);
        TreeTraffic traffic = TreeTraffic.Of(new ShardTree(8, 3));
        CollectiveTiming Time(int bytes) => new()
        {
            Bytes = bytes,
            Repeats = 3,
            AllReduceMicroseconds = 1,
            TreeSumMicroseconds = 1e6 * truth.Sum(traffic, bytes / 4.0, 4).Total,
        };
        CollectiveResult measured = new()
        {
            Transport = "t",
            Ranks = 3,
            RanksOnMachine = 1,
            Shards = 8,
            Sizes = [Time(4), Time(1024), Time(1 << 26)],
        };
        NetworkModel fitted = NetworkModel.Of(measured);
        Assert.Equal(truth.Latency, fitted.Latency, 1e-8);
        Assert.Equal(truth.Bandwidth, fitted.Bandwidth, 1e3);
        Assert.Equal("network", Assert.Throws<UsageException>(
            () => NetworkModel.Of(measured with { Ranks = 1 })).Field);
        Assert.Throws<UsageException>(() => NetworkModel.Of(measured with { Sizes = [Time(4)] }));
    }

    [Fact]
    public void More_ranks_than_shards_and_more_shards_than_images_are_refused()
    {
        Assert.Equal("shards", Assert.Throws<UsageException>(() => Model.Predict(9, 8, 256)).Field);
        Assert.Equal("shards", Assert.Throws<UsageException>(() => Model.Predict(2, 8, 7)).Field);
    }

    private static double Between(double low, double high, int percent) =>
        low * Math.Pow(high / low, percent / 100.0);

    /// <summary>A rank that counts what it sends, and receives nothing.</summary>
    private sealed class Counting(int rank, int size) : ICollective
    {
        public int Messages { get; private set; }

        public long Longer { get; private set; }

        public string Name => "counting";

        public int Rank => rank;

        public int Size => size;

        public int LocalRank => rank;

        public int LocalSize => size;

        public void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from)
        {
            Messages++;
            Longer += Math.Max(data.Length, received.Length);
        }

        public void AllReduce(Span<float> values) => throw new NotSupportedException();

        public void Broadcast(Span<byte> data, int root = 0) => throw new NotSupportedException();

        public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0) => throw new NotSupportedException();

        public void Barrier() => throw new NotSupportedException();

        public void Send(ReadOnlySpan<byte> data, int to) => throw new NotSupportedException();

        public void Receive(Span<byte> data, int from) => throw new NotSupportedException();

        [DoesNotReturn]
        public void Abort(string? message, int code) => throw new NotSupportedException();
    }
}
