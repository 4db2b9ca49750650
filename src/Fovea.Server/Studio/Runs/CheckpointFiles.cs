using System.Text.RegularExpressions;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Runs;

/// <summary>A checkpoint of a run.</summary>
/// <param name="Name"><c>best</c>, <c>last</c> or <c>step-00000100</c>.</param>
/// <param name="Path">The file.</param>
internal sealed record CheckpointFile(string Name, string Path);

/// <summary>Finds checkpoints of runs.</summary>
internal static partial class CheckpointFiles
{
    /// <summary>The best one, the last one, then those that were kept, the newest first.</summary>
    public static IReadOnlyList<CheckpointFile> Of(RunDirectory run)
    {
        string folder = System.IO.Path.GetDirectoryName(run.LastCheckpoint)!;
        try
        {
            if (!Directory.Exists(folder)) return [];
            return [.. Directory.EnumerateFiles(folder, "*.safetensors")
                .Select(path => new CheckpointFile(System.IO.Path.GetFileNameWithoutExtension(path), path))
                .Where(file => Known().IsMatch(file.Name))
                .OrderBy(file => file.Name == "best" ? 0 : file.Name == "last" ? 1 : 2)
                .ThenByDescending(file => file.Name, StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [GeneratedRegex("^(best|last|step-[0-9]{8,10})$", RegexOptions.CultureInvariant)]
    private static partial Regex Known();
}
