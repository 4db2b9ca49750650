using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;

namespace Fovea.Lab.Reports;

/// <summary>Content of a run's report: plain values, from any source.</summary>
/// <remarks>Numbers that are not known are NaN or null and are left out; so are empty lists.</remarks>
public sealed record ReportContent
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>Values that training can change.</summary>
    public long? Parameters { get; init; }

    /// <summary>The dataset's name.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>The run's epochs so far, in order.</summary>
    public IReadOnlyList<EpochRecord> Epochs { get; init; } = [];

    /// <summary>The run's logged steps so far, in order.</summary>
    public IReadOnlyList<StepRecord> Steps { get; init; } = [];

    /// <summary>Share of the test images that were classified correctly, 0 to 1.</summary>
    public double TestAccuracy { get; init; } = double.NaN;

    /// <summary>Mean loss over the test images.</summary>
    public double TestLoss { get; init; } = double.NaN;

    /// <summary>Loss and accuracy of the best weights on each part of the data; empty: not known.</summary>
    public IReadOnlyList<PartResult> Results { get; init; } = [];

    /// <summary>Training images per second over the whole run.</summary>
    public double ImagesPerSecond { get; init; } = double.NaN;

    /// <summary>The most memory the process held, in bytes.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>Seconds of the run.</summary>
    public double Seconds { get; init; } = double.NaN;

    /// <summary>Seconds of processor time of the run.</summary>
    public double ProcessorSeconds { get; init; } = double.NaN;

    /// <summary>The seed of all random numbers.</summary>
    public ulong? Seed { get; init; }

    /// <summary>The command that started the run.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>The moment at which the run started, or went on; null: not known.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Names and values that tell what was trained on what and how, in order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Setup { get; init; } = [];

    /// <summary>Images of the test set with what the model took them for: its errors, the most confident first, or
    /// some images where it made none.</summary>
    public IReadOnlyList<PredictedImage> Predictions { get; init; } = [];

    /// <summary>The name of the loss in training where validation and test have another; empty: it is the
    /// same.</summary>
    public string LossName { get; init; } = "";

    /// <summary>Predictions of the test images, class by class.</summary>
    public ConfusionMatrix? Confusion { get; init; }

    /// <summary>The resolved configuration, as YAML.</summary>
    public string Config { get; init; } = "";

    /// <summary>Names and values that describe the machine and the software.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>The epoch with the highest validation accuracy; null when none was validated.</summary>
    public EpochRecord? BestEpoch =>
        Epochs.Where(epoch => double.IsFinite(epoch.ValAccuracy)).MaxBy(epoch => epoch.ValAccuracy);
}
