namespace Fovea.Lab.Studies;

/// <summary>A study was asked to stop and did; finished cells and checkpoints of the others are kept.</summary>
/// <param name="directory">The study's directory.</param>
public sealed class StudyInterruptedException(string directory)
    : OperationCanceledException($"interrupted; what is done is kept in '{directory}': the same command goes on.");
