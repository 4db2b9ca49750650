namespace Fovea.Lab.Probing;

/// <summary>How well a linear classifier does on frozen features.</summary>
/// <param name="LearningRate">The chosen one.</param>
/// <param name="WeightDecay">The chosen one.</param>
/// <param name="HeldOutAccuracy">Share of the held-out images classified right, 0 to 1; it chose the two.</param>
/// <param name="TestAccuracy">Share of the test images classified right, 0 to 1.</param>
public sealed record LinearProbeResult(double LearningRate, double WeightDecay, double HeldOutAccuracy, double TestAccuracy);
