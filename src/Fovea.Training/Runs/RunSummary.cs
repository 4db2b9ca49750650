namespace Fovea.Training.Runs;

/// <summary>The final figures of a run: <c>summary.json</c>.</summary>
public sealed record RunSummary
{
    private const double LongestSeconds = 1e10;   // three centuries

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

    /// <summary>Share of <see cref="TrainImages"/> training images classified correctly by the best checkpoint, without
    /// augmentation, 0 to 1; null where that was not measured.</summary>
    public double? TrainAccuracy { get; init; }

    /// <summary>Mean loss of the best checkpoint on the same images, of the kind of <see cref="TestLoss"/>.</summary>
    public double? TrainLoss { get; init; }

    /// <summary>Number of training images that these two are of, drawn from all classes alike.</summary>
    public int? TrainImages { get; init; }

    /// <summary>Best share of validation images classified correctly, 0 to 1; null without a validation set.</summary>
    public double? BestValAccuracy { get; init; }

    /// <summary>Mean loss on the validation set after the same epoch.</summary>
    public double? ValLoss { get; init; }

    /// <summary>Epoch in which that was, from 1.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>Share of test images classified correctly by the best checkpoint, 0 to 1.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Best mean average precision on the validation set, 0 to 1; null where each image has one
    /// class.</summary>
    public double? BestValMap { get; init; }

    /// <summary>Mean average precision of the best checkpoint on the test set, 0 to 1; null where each image has one
    /// class.</summary>
    public double? TestMap { get; init; }

    /// <summary>Mean loss of the best checkpoint on the test set.</summary>
    public double? TestLoss { get; init; }

    /// <summary>Training images per second, waiting for them included; evaluation, checkpoints and breaks are
    /// not.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>Largest resident set of the process.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>Seconds of the whole run; breaks, and what the process stood still, not counted.</summary>
    public required double Seconds { get; init; }

    /// <summary>Seconds of processor time of the whole run, all threads together; null where that is not known:
    /// several ranks, or a run that an older version began.</summary>
    public double? ProcessorSeconds { get; init; }

    /// <summary>Images that could not be read and were passed over; null where that was not asked for.</summary>
    public int? SkippedImages { get; init; }

    /// <summary>Key of all random numbers.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Version of the program.</summary>
    public required string Version { get; init; }

    /// <summary>Checks every figure: the file may be damaged, or written by anyone.</summary>
    /// <exception cref="UsageException">Names the member, its value and what it may be.</exception>
    internal void Validate()
    {
        Check.That(Model is not null, "model must not be null.");
        Check.That(Dataset is not null, "dataset must not be null.");
        Check.That(Version is not null, "version must not be null.");
        Check.AtLeast(0, Parameters, "parameters");
        Check.AtLeast(0, Epochs, "epochs");
        Check.AtLeast(0, Steps, "steps");
        Check.That(BestValAccuracy is null or (>= 0 and <= 1),
            $"best_val_accuracy must be 0 to 1, got {BestValAccuracy}.");
        Check.That(TrainAccuracy is null or (>= 0 and <= 1), $"train_accuracy must be 0 to 1, got {TrainAccuracy}.");
        Check.AtLeast(0, TrainImages ?? 0, "train_images");
        Check.That(TestAccuracy is null or (>= 0 and <= 1), $"test_accuracy must be 0 to 1, got {TestAccuracy}.");
        Check.That(BestValMap is null or (>= 0 and <= 1), $"best_val_map must be 0 to 1, got {BestValMap}.");
        Check.That(TestMap is null or (>= 0 and <= 1), $"test_map must be 0 to 1, got {TestMap}.");
        Check.AtLeast(1, BestEpoch ?? 1, "best_epoch");
        Check.AtLeast(0, SkippedImages ?? 0, "skipped_images");
        Check.AtLeast(0, PeakMemoryBytes, "peak_memory_bytes");
        Check.AtLeast(0, ImagesPerSecond, "images_per_second");
        Check.Between(0, LongestSeconds, Seconds, "seconds");
        Check.Between(0, LongestSeconds, ProcessorSeconds ?? 0, "processor_seconds");
    }
}
