using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Studies;

/// <summary>One run of a study.</summary>
/// <param name="Configuration">The configuration that is trained.</param>
/// <param name="Seed">With which seed.</param>
/// <param name="Recipe">The resolved recipe; its <c>out</c> is the cell's directory.</param>
public sealed record StudyCell(Configuration Configuration, ulong Seed, Recipe Recipe)
{
    /// <summary>Options that decide where and how conveniently a run goes, but not what comes out.</summary>
    private static readonly HashSet<string> Bookkeeping = ["out", "data", "threads", "pin", "workers", "log-every",
        "checkpoint-every", "checkpoint-minutes", "keep-checkpoints", "train-eval"];

    /// <summary>The run directory.</summary>
    public RunDirectory Run { get; } = new(Recipe.Run.Out!);

    /// <summary>Name of the directory.</summary>
    public string Name => Path.GetFileName(Run.Path);

    /// <summary>For people.</summary>
    public string Label => $"{Configuration.Label}, seed {Seed}";

    /// <summary>The run is complete: nothing is left to do for this cell.</summary>
    public bool IsFinished => File.Exists(Run.Summary) && File.Exists(Run.Predictions);

    /// <summary>Settings that have changed since this cell was trained, such as <c>epochs (was 2, is now 4)</c>; empty
    /// where all agree.</summary>
    /// <exception cref="CheckpointException">The directory is of a newer version, or cannot be read.</exception>
    public IReadOnlyList<string> Differences()
    {
        if (!File.Exists(Run.Config)) return [];
        Recipe was = RunRecord.ReadRecipe(Run);
        IReadOnlyDictionary<string, string> asked = RunRecord.ReadAsked(Run);
        return [.. RecipeFields.All.Where(field => !field.IsShorthand && !Bookkeeping.Contains(field.Name)
            && field.Read(was) != field.Read(Recipe) && asked.GetValueOrDefault(field.Name) != field.Read(Recipe))
            .Select(field => $"{field.Name} (was {field.Read(was)}, is now {field.Read(Recipe)})")];
    }
}
