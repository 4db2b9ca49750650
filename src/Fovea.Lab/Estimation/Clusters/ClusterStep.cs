namespace Fovea.Lab.Estimation.Clusters;

/// <summary>A predicted training step on several ranks; the JSON of <c>fovea estimate</c> with ranks.</summary>
public sealed record ClusterStep
{
    /// <summary>Number of ranks.</summary>
    public required int Ranks { get; init; }

    /// <summary>Shards of the batch.</summary>
    public required int Shards { get; init; }

    /// <summary>Images of the step, over all ranks.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Forward and backward passes of the rank that has most shards.</summary>
    public required double ComputeSeconds { get; init; }

    /// <summary>Sums of gradients, and with sharded optimiser state the exchange of weights.</summary>
    public required double CommunicationSeconds { get; init; }

    /// <summary>Part of it that ranks wait for.</summary>
    public required double ExposedSeconds { get; init; }

    /// <summary>The optimiser's step.</summary>
    public required double OptimiserSeconds { get; init; }

    /// <summary>The whole step.</summary>
    public double StepSeconds => ComputeSeconds + ExposedSeconds + OptimiserSeconds;

    /// <summary>Training images per second, over all ranks.</summary>
    public double ImagesPerSecond => BatchSize / StepSeconds;

    /// <summary>Speed by that of as many ranks that do not wait: the step of one rank, by the number of ranks and this
    /// step.</summary>
    public required double Efficiency { get; init; }

    /// <summary>Part that costs most of what is lost.</summary>
    public required ClusterLimit Limit { get; init; }
}
