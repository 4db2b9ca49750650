namespace Fovea.Lab.Studies;

/// <summary>Keeps two processes from working on one study. The system lets go of it when the process ends, however that
/// happens.</summary>
internal static class StudyLock
{
    /// <summary>Takes the lock of a directory, until disposed.</summary>
    /// <exception cref="UsageException">Another process has it.</exception>
    public static FileStream Take(string directory)
    {
        string path = Path.Combine(directory, ".lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (File.Exists(path))
        {
            throw new UsageException(
                $"another process works on the study in '{directory}'; wait for its end or take another directory. "
                    + $"({error.Message})")
            { Field = "out" };
        }
    }
}
