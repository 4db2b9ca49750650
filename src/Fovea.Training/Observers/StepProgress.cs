namespace Fovea.Training.Observers;

/// <summary>Figures after a step, for displays.</summary>
/// <param name="Epoch">Running epoch, from 1.</param>
/// <param name="Step">Steps done since the start of the run.</param>
/// <param name="StepInEpoch">Steps done in the running epoch.</param>
/// <param name="BatchLoss">Loss of this step.</param>
/// <param name="Loss">Mean loss of the epoch so far.</param>
/// <param name="Accuracy">Share of the epoch's images classified correctly so far; null where no classes are
/// learned.</param>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="ImagesPerSecond">Speed of the epoch so far.</param>
/// <param name="Remaining">Time until the last epoch is done.</param>
public readonly record struct StepProgress(
    int Epoch, int Step, int StepInEpoch, double BatchLoss, double Loss, double? Accuracy, double LearningRate,
    double ImagesPerSecond,
    TimeSpan Remaining);
