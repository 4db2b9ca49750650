namespace Fovea.Lab.Benchmarks;

/// <summary>Times for vectors of one size: medians of what rank 0 saw, each begun by all ranks together.</summary>
public sealed record CollectiveTiming
{
    /// <summary>Bytes of the vector, which is of float32.</summary>
    public required int Bytes { get; init; }

    /// <summary>Measured all-reduces, and sums over the tree.</summary>
    public required int Repeats { get; init; }

    /// <summary>Microseconds of an all-reduce of the transport.</summary>
    public required double AllReduceMicroseconds { get; init; }

    /// <summary>Bytes of the vector by the time of an all-reduce, in 10^6 a second.</summary>
    public double AllReduceMegabytesPerSecond => Bytes / AllReduceMicroseconds;

    /// <summary>Microseconds of a sum over the tree of shards, after each rank has handed its own in.</summary>
    public required double TreeSumMicroseconds { get; init; }

    /// <summary>Bytes of the vector by the time of a sum over the tree, in 10^6 a second.</summary>
    public double TreeSumMegabytesPerSecond => Bytes / TreeSumMicroseconds;
}
