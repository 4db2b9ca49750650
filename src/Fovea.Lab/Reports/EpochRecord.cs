namespace Fovea.Lab.Reports;

/// <summary>Measurements of an epoch. Values that were not measured are NaN.</summary>
/// <param name="Epoch">Its number, from 1.</param>
public sealed record EpochRecord(int Epoch)
{
    /// <summary>Mean loss over the epoch's training images.</summary>
    public double TrainLoss { get; init; } = double.NaN;

    /// <summary>Share of the epoch's training images that were classified correctly, 0 to 1.</summary>
    public double TrainAccuracy { get; init; } = double.NaN;

    /// <summary>Mean loss over the validation images, after the epoch.</summary>
    public double ValLoss { get; init; } = double.NaN;

    /// <summary>Share of the validation images that were classified correctly, 0 to 1.</summary>
    public double ValAccuracy { get; init; } = double.NaN;

    /// <summary>The learning rate at the epoch's end.</summary>
    public double LearningRate { get; init; } = double.NaN;

    /// <summary>Training images per second.</summary>
    public double ImagesPerSecond { get; init; } = double.NaN;

    /// <summary>Seconds of the epoch, validation included.</summary>
    public double Seconds { get; init; } = double.NaN;
}
