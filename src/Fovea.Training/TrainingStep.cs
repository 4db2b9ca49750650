using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Training;

/// <summary>A step that was called, and the numbers that it leaves; on a device that works behind calls they are read
/// while the next step computes.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="StepInEpoch">Its number in the epoch, from 1.</param>
/// <param name="Epoch">Its epoch, from 0.</param>
/// <param name="Images">Images of its batch.</param>
/// <param name="LearningRate">The rate of its update.</param>
/// <param name="Result">Loss and scores.</param>
/// <param name="Gradients">Its gradients.</param>
/// <param name="Norm">Their length; null where <paramref name="Sums"/> has it.</param>
/// <param name="Measures">What else was measured: sums over its images, by name.</param>
/// <param name="Sums">Their sums of squares, on their way.</param>
internal sealed record TrainingStep(int Step, int StepInEpoch, int Epoch, int Images, double LearningRate,
    BatchResult Result, GradientList Gradients, GradientNorm? Norm, PendingNumbers? Sums,
    IReadOnlyDictionary<string, double>? Measures = null);
