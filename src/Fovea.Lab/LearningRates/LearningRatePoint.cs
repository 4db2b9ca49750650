namespace Fovea.Lab.LearningRates;

/// <summary>One step of a range test.</summary>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="Loss">Loss of the batch behind the step.</param>
public readonly record struct LearningRatePoint(double LearningRate, double Loss);
