namespace Fovea.Training;

/// <summary>A run was asked to stop and did, with a checkpoint to go on from.</summary>
/// <param name="directory">The run directory.</param>
public sealed class RunInterruptedException(string directory)
    : OperationCanceledException($"interrupted; all is saved in '{directory}'.")
{
    /// <summary>The run directory.</summary>
    public string Directory { get; } = directory;
}
