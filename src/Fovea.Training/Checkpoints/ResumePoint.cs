using Fovea.Training.Runs;

namespace Fovea.Training.Checkpoints;

/// <summary>Opens the checkpoint that a run goes on from.</summary>
internal static class ResumePoint
{
    /// <summary>Opens it, or says which older ones are whole.</summary>
    /// <param name="run">A run with a <see cref="RunDirectory.ResumeCheckpoint"/>.</param>
    /// <exception cref="CheckpointException">It is damaged.</exception>
    public static CheckpointReader Open(RunDirectory run)
    {
        string path = run.ResumeCheckpoint!;
        try
        {
            return CheckpointReader.Open(path);
        }
        catch (CheckpointException error)
        {
            string[] whole = [.. run.StepCheckpoints().Select(kept => kept.Path)
                .Where(kept => kept != path && IsWhole(kept))];
            if (whole.Length == 0) throw;
            string others = whole.Length == 1 ? "" : $" (older ones: {string.Join(", ", whole[1..])})";
            throw new CheckpointException(error.Reason, error)
            {
                Remedy = $"An older checkpoint is whole: go on from it with `resume` {whole[0]}{others}.",
            };
        }
    }

    private static bool IsWhole(string path)
    {
        try
        {
            using CheckpointReader reader = CheckpointReader.Open(path);
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
