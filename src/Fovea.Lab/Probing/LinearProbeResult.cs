namespace Fovea.Lab.Probing;

/// <summary>Accuracy of a linear classifier on frozen features.</summary>
/// <param name="LearningRate">The chosen one.</param>
/// <param name="WeightDecay">The chosen one.</param>
/// <param name="HeldOutAccuracy">Share of the held-out images classified correctly, 0 to 1; it chose the two.</param>
/// <param name="TestAccuracy">Share of the test images classified correctly, 0 to 1.</param>
public sealed record LinearProbeResult(double LearningRate, double WeightDecay, double HeldOutAccuracy,
    double TestAccuracy);
