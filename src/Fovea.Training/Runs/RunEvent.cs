namespace Fovea.Training.Runs;

/// <summary>One line of <c>metrics.jsonl</c>: what was measured at a step, at the end of an epoch or at the end of the
/// run.</summary>
public sealed record RunEvent
{
    private const double LongestSeconds = 1e10;   // three centuries

    /// <summary><c>step</c>, <c>epoch</c> or <c>end</c>.</summary>
    public required string Event { get; init; }

    /// <summary>Epoch that the event belongs to, from 1.</summary>
    public required int Epoch { get; init; }

    /// <summary>Steps done since the start of the run.</summary>
    public required long Step { get; init; }

    /// <summary>Mean loss since the last <c>step</c> event, or over the epoch.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Share of training images classified correctly, 0 to 1, over the same steps.</summary>
    public double? TrainAccuracy { get; init; }

    /// <summary>Mean loss on the validation set.</summary>
    public double? ValLoss { get; init; }

    /// <summary>Share of validation images classified correctly, 0 to 1.</summary>
    public double? ValAccuracy { get; init; }

    /// <summary>Mean average precision on the validation set, 0 to 1; null where each image has one class.</summary>
    public double? ValMap { get; init; }

    /// <summary>Mean average precision on the test set, 0 to 1, at the end; null where each image has one
    /// class.</summary>
    public double? TestMap { get; init; }

    /// <summary>Mean loss on the test set, at the end.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Share of test images classified correctly, 0 to 1, at the end.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Means of what else was measured over the same steps, by name; null where nothing was.</summary>
    public IReadOnlyDictionary<string, double>? Measures { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double? Lr { get; init; }

    /// <summary>Norm of the whole gradient at the last step, before clipping.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Training images per second, waiting for them included; evaluation and checkpoints are not.</summary>
    public double? ImagesPerSecond { get; init; }

    /// <summary>Seconds since the start of the run, without breaks.</summary>
    public double? Seconds { get; init; }

    /// <summary>True for an event that a run could have written.</summary>
    internal bool IsSound => Event is "step" or "epoch" or "end" && Epoch >= 0 && Step >= 0
        && IsShare(TrainAccuracy) && IsShare(ValAccuracy) && IsShare(TestAccuracy)
        && IsShare(ValMap) && IsShare(TestMap)
        && Seconds is null or (>= 0 and <= LongestSeconds);

    private static bool IsShare(double? value) => value is null or (>= 0 and <= 1);
}
