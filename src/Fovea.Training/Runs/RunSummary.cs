namespace Fovea.Training.Runs;

/// <summary>The final figures of a run: <c>summary.json</c>.</summary>
public sealed record RunSummary
{
    /// <summary>Preset.</summary>
    public required string Model { get; init; }

    /// <summary>Values that training could change.</summary>
    public required long Parameters { get; init; }

    /// <summary>Dataset.</summary>
    public required string Dataset { get; init; }

    /// <summary>Epochs done.</summary>
    public required int Epochs { get; init; }

    /// <summary>Steps done.</summary>
    public required long Steps { get; init; }

    /// <summary>Best share of validation images classified correctly, 0 to 1; null without a validation set.</summary>
    public double? BestValAccuracy { get; init; }

    /// <summary>Epoch in which that was, from 1.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Share of test images classified correctly by the best checkpoint, 0 to 1.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Mean loss of the best checkpoint on the test set.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Training images per second, evaluation and breaks not counted.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Largest resident set of the process.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Seconds of the whole run, breaks not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Images that could not be read and were passed over; null where that was not asked for.</summary>
    public int? SkippedImages { get; init; }

    /// <summary>Key of all random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }
}
