using Fovea.Core.Collectives;
using Fovea.Lab.Benchmarks;

namespace Fovea.Lab.Estimation.Clusters;

/// <summary>Time that messages between ranks take: latency and bytes by bandwidth (Hockney 1994), and what a rank does
/// with them by itself. All ranks have links of their own, and both directions at once.</summary>
/// <param name="Latency">Seconds of a message without contents.</param>
/// <param name="Bandwidth">Bytes a second, in each direction.</param>
/// <param name="SumBandwidth">Bytes of a vector that a rank packs, adds and unpacks in a second; null where the
/// other two have it in them.</param>
public sealed record NetworkModel(double Latency, double Bandwidth, double? SumBandwidth)
{
    /// <summary>The model that gives back the tree sums that were measured between ranks: the latency of the smallest
    /// vector, the bandwidth of the largest.</summary>
    /// <exception cref="UsageException">The measurement has one rank, or less than two sizes that make
    /// sense.</exception>
    public static NetworkModel Of(CollectiveResult measured)
    {
        if (measured.Ranks < 2 || measured.Shards < measured.Ranks || measured.Sizes.Count < 2)
            throw Odd();
        CollectiveTiming small = measured.Sizes.MinBy(size => size.Bytes)!;
        CollectiveTiming large = measured.Sizes.MaxBy(size => size.Bytes)!;
        TreeTraffic traffic = TreeTraffic.Of(new ShardTree(measured.Shards, measured.Ranks));
        double latency = 1e-6 * small.TreeSumMicroseconds / traffic.Messages;
        double seconds = 1e-6 * (large.TreeSumMicroseconds - small.TreeSumMicroseconds);
        if (!(latency > 0 && seconds > 0)) throw Odd();
        return new(latency, traffic.Vectors * (large.Bytes - small.Bytes) / seconds, null);
    }

    /// <summary>Seconds of a sum over the tree.</summary>
    /// <param name="traffic">Messages and vectors that the slowest rank sends.</param>
    /// <param name="values">Values of the vector.</param>
    /// <param name="wireBytes">Bytes of a value between ranks.</param>
    internal Parts Sum(TreeTraffic traffic, double values, int wireBytes) => new(
        traffic.Messages * Latency, traffic.Vectors * values * wireBytes / Bandwidth,
        traffic.Messages > 0 && SumBandwidth is double speed ? values * sizeof(float) / speed : 0);

    private static UsageException Odd() => new("no times of sums between ranks that grow with the vector.")
    {
        Field = "network",
        Remedy = "Give what `bench` wrote between two ranks or more, as JSON.",
    };

    /// <summary>Seconds of latency, of bytes on the wire, and of adding.</summary>
    internal readonly record struct Parts(double Latency, double Wire, double Adding)
    {
        public double Total => Latency + Wire + Adding;
    }
}
