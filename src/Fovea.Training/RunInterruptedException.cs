namespace Fovea.Training;

/// <summary>A run was asked to stop and did, with a checkpoint to go on from.</summary>
/// <param name="directory">The run directory.</param>
/// <param name="step">Steps done.</param>
public sealed class RunInterruptedException(string directory, int step)
    : OperationCanceledException($"interrupted after step {step}; all is saved in '{directory}'.")
{
    /// <summary>The run directory.</summary>
    public string Directory { get; } = directory;

    /// <summary>Steps done since the start of the run.</summary>
    public int Step { get; } = step;
}
