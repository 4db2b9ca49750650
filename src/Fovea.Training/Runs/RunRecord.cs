using System.Text.Json;
using Fovea.Core.Formats;
using Fovea.Training.Recipes;

namespace Fovea.Training.Runs;

/// <summary>Content of a run directory.</summary>
public sealed record RunRecord
{
    private const int LevelsDeep = 3;
    private const int LargestSummary = 1 << 20;

    /// <summary>The directory.</summary>
    public required RunDirectory Run { get; init; }

    /// <summary>The recipe as it was used.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Final figures; null while the run is not complete.</summary>
    public RunSummary? Summary { get; init; }

    /// <summary>Events of the log, in order.</summary>
    public required IReadOnlyList<RunEvent> Events { get; init; }

    /// <summary>Time of the last entry.</summary>
    public required DateTime LastChange { get; init; }

    /// <summary>The epochs that were completed.</summary>
    public IEnumerable<RunEvent> Epochs => Events.Where(entry => entry.Event == "epoch");

    /// <summary>Reads a run directory.</summary>
    /// <exception cref="UsageException">There is no run.</exception>
    /// <exception cref="CheckpointException">It was made by a newer version, or cannot be read.</exception>
    public static RunRecord Read(string path)
    {
        RunDirectory run = new(path);
        if (!File.Exists(run.Config)) throw new UsageException($"'{path}' is no run directory: it has no config.yaml.");
        return new RunRecord
        {
            Run = run,
            Summary = ReadSummary(run),   // first: it tells a newer version
            Recipe = ReadRecipe(run),
            Events = [.. RunLog.ReadEvents(run)],
            LastChange = File.GetLastWriteTime(File.Exists(run.Metrics) ? run.Metrics : run.Config),
        };
    }

    /// <summary>Run directories in a folder and, three levels deep, below it; the folder itself where it is one. In the
    /// order of their names.</summary>
    public static IEnumerable<string> Find(string folder)
    {
        EnumerationOptions below = new()
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = LevelsDeep,
            IgnoreInaccessible = true
        };
        if (File.Exists(new RunDirectory(folder).Config)) return [folder];
        return Directory.EnumerateFiles(folder, "config.yaml", below).Select(file => Path.GetDirectoryName(file)!)
            .Order(StringComparer.Ordinal);
    }

    /// <summary>The summary; null where the run is not complete.</summary>
    /// <exception cref="CheckpointException">It was made by a newer version, or cannot be read.</exception>
    public static RunSummary? ReadSummary(RunDirectory run)
    {
        if (!File.Exists(run.Summary)) return null;
        RunSummary summary;
        try
        {
            summary = JsonText.Read<RunSummary>(ReadText(run.Summary));
            if (!IsNewer(summary.Version)) summary.Validate();
        }
        catch (Exception error) when (error is JsonException or UsageException)
        {
            throw new CheckpointException($"{run.Summary}: not the summary of a run: {error.Message}", error);
        }

        return IsNewer(summary.Version)
            ? throw new CheckpointException(
                $"{run.Path}: made by fovea {summary.Version}, which is newer than this one ({Machine.Version}); use "
                    + "that version, or another directory.")
            : summary;
    }

    /// <summary>The resolved recipe.</summary>
    /// <exception cref="CheckpointException">It cannot be read; fields that do not exist here point to a newer
    /// version.</exception>
    public static Recipe ReadRecipe(RunDirectory run) => ReadRecipe(run.Config);

    private static Recipe ReadRecipe(string config)
    {
        try
        {
            return RecipeFile.Read(config, Recipe.Default);
        }
        catch (UsageException error)
        {
            throw new CheckpointException(
                $"{error.Message.TrimEnd('.')}; the run may be of a newer version than this one ({Machine.Version}): "
                    + "use that version, or another directory.", error);
        }
    }

    /// <summary>The recipe that a run was asked for, to begin it anew.</summary>
    /// <param name="config">The run's file.</param>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    internal static Recipe AskedRecipe(string config)
    {
        Recipe recipe = ReadRecipe(config);
        foreach ((string name, string text) in RecipeFile.AskedIn(RecipeFile.ReadText(config, "recipe")))
            if (RecipeFields.Find(name) is { } field) recipe = field.Write(recipe, text, config);
        return recipe;
    }

    /// <summary>Values that were asked for where the run used something else, by the names of the fields: <c>auto</c>
    /// for most.</summary>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static IReadOnlyDictionary<string, string> ReadAsked(RunDirectory run) =>
        RecipeFile.AskedIn(RecipeFile.ReadText(run.Config, "recipe"));

    /// <summary>The text of a small file.</summary>
    private static string ReadText(string path)
    {
        PlainFile.Require(path, "a summary");
        try
        {
            return new FileInfo(path).Length <= LargestSummary ? File.ReadAllText(path)
                : throw new UsageException("it is larger than 1 MiB.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"it cannot be read: {error.Message}", error);
        }
    }

    private static bool IsNewer(string? version) =>
        version is not null && Version.TryParse(version.Split('-')[0], out Version? theirs)
            && Version.TryParse(Machine.Version.Split('-')[0], out Version? ours) && theirs > ours;
}
