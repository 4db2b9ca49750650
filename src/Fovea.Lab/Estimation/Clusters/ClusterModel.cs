using Fovea.Core.Collectives;

namespace Fovea.Lab.Estimation.Clusters;

/// <summary>
/// Predicts a data-parallel training step from the time of one rank and a model of the network. The batch is cut into
/// shards, of which each rank has a block; gradients are added over a tree (<see cref="TreeSum"/>).
/// </summary>
/// <remarks><code>
/// step     = compute of the rank with most shards + what it waits for + optimiser
/// compute  = images of its shards · seconds per image
/// bucket   = 2 (ranks - 1) latency + values · wire bytes · vectors / bandwidth + adding
/// waiting  = end of the last bucket - end of the backward pass, buckets going one after the other
/// </code>
/// A bucket can leave when the last shard of the rank has gone through it: buckets become ready evenly over that
/// shard's backward pass, two thirds of its time. So the last one is never hidden. With a sharded optimiser each rank
/// updates its share of the parameters, and weights are exchanged afterwards, which nothing hides.
/// <para>Left out: images that are read, batch norm's sums, a network that is shared or oversubscribed, ranks that are
/// slower than others, and small shares that a device computes less efficiently.</para>
/// </remarks>
public sealed record ClusterModel
{
    /// <summary>Part of a training step that is the backward pass: twice the operations of the forward pass.</summary>
    private const double BackwardShare = 2.0 / 3;

    /// <summary>Efficiency from which on nothing is called a limit.</summary>
    private const double Unlimited = 0.95;

    private const int UsualBuckets = 16;
    private const long LeastBucket = 256 << 10, LargestBucket = 16 << 20;

    /// <summary>Values that are trained.</summary>
    public required long Parameters { get; init; }

    /// <summary>Time of one rank.</summary>
    public required RankCompute Compute { get; init; }

    /// <summary>The network.</summary>
    public required NetworkModel Network { get; init; }

    /// <summary>Bytes of a gradient on the wire: 4, or 2 for bfloat16.</summary>
    public int WireBytes { get; init; } = sizeof(float);

    /// <summary>The optimiser's state is shared among ranks (ZeRO-1, Rajbhandari et al. 2020,
    /// arXiv:1910.02054).</summary>
    public bool ShardsOptimiser { get; init; }

    /// <summary>Buckets that gradients leave in: of a sixteenth of the gradient, 256 KiB to 16 MiB each.</summary>
    public int Buckets => (int)Math.Max(1, Math.Ceiling((double)Parameters * sizeof(float)
        / Math.Clamp(Parameters * sizeof(float) / UsualBuckets, LeastBucket, LargestBucket)));

    /// <summary>The step.</summary>
    /// <param name="ranks">Ranks, 1 or more.</param>
    /// <param name="shards">Shards of the batch, not less than ranks.</param>
    /// <param name="batchSize">Images, not less than shards.</param>
    /// <exception cref="UsageException">There are more ranks than shards, or more shards than images.</exception>
    public ClusterStep Predict(int ranks, int shards, int batchSize)
    {
        ShardTree tree = new(shards, ranks);
        if (batchSize < shards)
            throw new UsageException($"a batch of {batchSize} images cannot be cut into {shards} shards.")
            {
                Field = "shards",
                Remedy = "Take a larger `batch-size`, or fewer shards.",
            };
        double whole = batchSize * Compute.SecondsPerImage;
        int most = Enumerable.Range(0, ranks).Max(tree.CountOf);
        double compute = whole * most / shards;
        double optimiser = Compute.OptimiserSeconds / (ShardsOptimiser ? ranks : 1);
        NetworkModel.Parts bucket = Network.Sum(TreeTraffic.Of(tree), (double)Parameters / Buckets, WireBytes);
        NetworkModel.Parts weights = ShardsOptimiser ? Weights(ranks) : default;
        double exposed = Waiting(bucket.Total, BackwardShare * whole / shards) + weights.Total;
        double single = whole + Compute.OptimiserSeconds, step = compute + exposed + optimiser;
        double efficiency = Math.Min(1, single / (ranks * step));   // of rounding only
        return new ClusterStep
        {
            Ranks = ranks,
            Shards = shards,
            BatchSize = batchSize,
            ComputeSeconds = compute,
            CommunicationSeconds = Buckets * bucket.Total + weights.Total,
            ExposedSeconds = exposed,
            OptimiserSeconds = optimiser,
            Efficiency = efficiency,
            Limit = efficiency >= Unlimited ? ClusterLimit.Compute : LimitOf(
                compute - whole / ranks, optimiser - Compute.OptimiserSeconds / ranks, exposed - weights.Total, bucket,
                weights),
        };
    }

    /// <summary>Waiting for the last bucket behind a backward pass, in which one becomes ready after the
    /// other.</summary>
    private double Waiting(double bucket, double backward)
    {
        double end = 0;
        for (int i = 1; i <= Buckets; i++) end = Math.Max(end, backward * i / Buckets) + bucket;
        return bucket == 0 ? 0 : end - backward;
    }

    /// <summary>Each rank hands its part of the weights to every other, bucket by bucket.</summary>
    private NetworkModel.Parts Weights(int ranks) => Network.Sum(
        new(Buckets * (ranks - 1), (ranks - 1.0) / ranks), Parameters, sizeof(float)) with
    { Adding = 0 };

    private static ClusterLimit LimitOf(double uneven, double optimiser, double exposed, NetworkModel.Parts bucket,
        NetworkModel.Parts weights)
    {
        double share = bucket.Total > 0 ? exposed / bucket.Total : 0;
        (double Seconds, ClusterLimit Limit)[] losses =
        [
            (uneven, ClusterLimit.Shards),
            (share * bucket.Latency + weights.Latency, ClusterLimit.Latency),
            (share * bucket.Wire + weights.Wire, ClusterLimit.Bandwidth),
            (share * bucket.Adding, ClusterLimit.Adding),
            (optimiser, ClusterLimit.Optimiser),
        ];
        return losses.MaxBy(loss => loss.Seconds).Limit;
    }
}
