using Fovea.Lab.Benchmarks;

namespace Fovea.Lab.Estimation.Clusters;

/// <summary>One rank of a cluster, with a model to train.</summary>
/// <param name="Parameters">Values that are trained.</param>
/// <param name="Compute">Time that it takes alone.</param>
/// <param name="Origin">Where that is from, in words.</param>
public sealed record ClusterRank(long Parameters, RankCompute Compute, string Origin)
{
    /// <summary>Looks the time up, or measures it.</summary>
    /// <param name="options">Model, attention and image size; the device of this machine, and for how long.</param>
    /// <param name="device">A device of the table; null: one of this machine.</param>
    /// <param name="imagesPerSecond">Training speed that is known; null: none.</param>
    /// <exception cref="UsageException">There is no such preset or mechanism, or sizes do not fit together.</exception>
    public static ClusterRank Of(BenchmarkOptions options, DeviceProfile? device, double? imagesPerSecond)
    {
        ModelCost cost = ModelCost.OfTraining(Benchmark.Configure(options), options.GradientCheckpointing,
            options.Optimisation);
        if (imagesPerSecond is double speed) return new(cost.Parameters, RankCompute.Of(speed), "given");
        return device is null ? new(cost.Parameters, RankCompute.Measure(options, cost),
            $"measured on {options.Device}")
            : new(cost.Parameters, RankCompute.Of(device, cost), $"{device.Name}, of the table");
    }
}
