namespace Fovea.Lab.Reports;

/// <summary>Measurements of a training step. Values that were not measured are NaN.</summary>
/// <param name="Epoch">Position in epochs: 2.5 is the middle of the third.</param>
/// <param name="TrainLoss">The loss of the step's batch.</param>
/// <param name="LearningRate">The learning rate of the step.</param>
public sealed record StepRecord(double Epoch, double TrainLoss, double LearningRate);
