using System.Globalization;
using System.Text.RegularExpressions;
using Fovea.Core.Files;

namespace Fovea.Training.Runs;

/// <summary>Names of a run's files. Nothing is read or written but the folders themselves.</summary>
/// <param name="path">The run directory.</param>
public sealed partial class RunDirectory(string path)
{
    /// <summary>The folder under which runs are made and looked for.</summary>
    public const string DefaultParent = "runs";

    private const string Checkpoints = "checkpoints";

    private string? _named;

    /// <summary>Files that studies and learning rate range tests leave where a run may begin; no run writes
    /// them.</summary>
    private static readonly string[] Companions =
        ["recipe.yaml", "output.txt", "find-lr.svg", "find-lr.png", "find-lr.csv"];

    /// <summary>The run directory itself.</summary>
    public string Path { get; } = path;

    /// <summary>The resolved recipe.</summary>
    public string Config => At("config.yaml");

    /// <summary>One JSON object per logged step or epoch.</summary>
    public string Metrics => At("metrics.jsonl");

    /// <summary>One row per epoch.</summary>
    public string Results => At("results.csv");

    /// <summary>Training images whose labels are used, where some are chosen: one row per image.</summary>
    public string Labelled => At("labelled.csv");

    /// <summary>Final figures.</summary>
    public string Summary => At("summary.json");

    /// <summary>Predictions of the test images: one row per image. Written last, so it ends a run.</summary>
    public string Predictions => At("predictions.csv");

    /// <summary>Weights and state to go on from.</summary>
    public string LastCheckpoint => At("checkpoints/last.safetensors");

    /// <summary>The checkpoint to go on from: the one that was named, or the last one; null where there is none
    /// yet.</summary>
    public string? ResumeCheckpoint => _named ?? (File.Exists(LastCheckpoint) ? LastCheckpoint
        : StepCheckpoints().Select(kept => kept.Path).FirstOrDefault());

    /// <summary>Weights of the epoch with the best validation accuracy.</summary>
    public string BestCheckpoint => At("checkpoints/best.safetensors");

    /// <summary>Makes a directory for a new run.</summary>
    /// <param name="path">The directory, or null for one under <see cref="DefaultParent"/> named after time, model and
    /// dataset.</param>
    /// <param name="model">Preset.</param>
    /// <param name="dataset">Dataset.</param>
    /// <param name="now">For the name.</param>
    /// <exception cref="UsageException">The directory holds a run already, or cannot be made.</exception>
    public static RunDirectory Create(string? path, string model, string dataset, DateTime now)
    {
        RunDirectory run = new(path ?? FreeName(model, dataset, now));
        run.RequireFree();
        try
        {
            Directory.CreateDirectory(run.At(Checkpoints));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot make the directory '{run.Path}': {error.Message}") { Field = "out" };
        }

        return run;
    }

    /// <summary>Takes the directory, so that no other process writes to it, until disposed.</summary>
    /// <exception cref="UsageException">Another process has it.</exception>
    public DirectoryLock Take() => DirectoryLock.Take(Path, "run");

    /// <summary>An existing run that can go on, or begin anew where it was killed before its first
    /// checkpoint.</summary>
    /// <param name="path">The run directory, one of its checkpoints to go on from, or null for the newest under
    /// <see cref="DefaultParent"/>.</param>
    /// <exception cref="UsageException">There is no run.</exception>
    public static RunDirectory ForResume(string? path)
    {
        if (File.Exists(path)) return OfCheckpoint(path);
        RunDirectory run = path is null ? Newest() : new(path);
        return run.ResumeCheckpoint is not null || File.Exists(run.Config)
            ? run
            : throw new UsageException(
                $"'{run.Path}' has neither checkpoints/last.safetensors to go on from nor a config.yaml to begin with.")
            {
                Field = "resume"
            };
    }

    /// <summary>A path under <see cref="DefaultParent"/> that nothing has yet, named after time, model and
    /// dataset.</summary>
    public static string FreeName(string model, string dataset, DateTime now)
    {
        string time = now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        string name = System.IO.Path.Combine(DefaultParent, $"{time}-{model}-{dataset}");
        string free = name;
        for (int i = 2; Directory.Exists(free); i++) free = $"{name}-{i}";
        return free;
    }

    /// <summary>A run begins in a directory where there is nothing but what a run leaves that was killed at
    /// once.</summary>
    private void RequireFree()
    {
        if (File.Exists(Path) || (new FileInfo(Path).LinkTarget is not null && !Directory.Exists(Path)))
            throw new UsageException($"'{Path}' is no directory; name another one.") { Field = "out" };
        if (!Directory.Exists(Path)) return;
        if (File.Exists(Config))
            throw new UsageException($"'{Path}' holds a run already; use `resume` {Path} or another directory.")
            {
                Field = "out"
            };
        try
        {
            if (Foreign() is not string foreign) return;
            throw new UsageException(
                $"'{Path}' is no run and holds '{foreign}', which a run might overwrite; name a new or empty "
                    + "directory.")
            { Field = "out" };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot look into the directory '{Path}': {error.Message}") { Field = "out" };
        }
    }

    private string? Foreign() => Directory.EnumerateFileSystemEntries(Path)
        .Where(entry => !DirectoryLock.Names.Contains(System.IO.Path.GetFileName(entry))
            && !TemporaryFile.IsOne(System.IO.Path.GetFileName(entry))
            && !Companions.Contains(System.IO.Path.GetFileName(entry))
            && !(System.IO.Path.GetFileName(entry) == Checkpoints && Directory.Exists(entry)
                && !Directory.EnumerateFileSystemEntries(entry).Any()))
        .Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault();

    /// <summary>A checkpoint under the number of its step.</summary>
    internal string StepCheckpoint(int step) =>
        At(System.IO.Path.Combine(Checkpoints, string.Create(CultureInfo.InvariantCulture,
            $"step-{step:D8}.safetensors")));

    /// <summary>Checkpoints that are there under the numbers of their steps, the newest first.</summary>
    internal IReadOnlyList<(int Step, string Path)> StepCheckpoints()
    {
        string folder = At(Checkpoints);
        if (!Directory.Exists(folder)) return [];
        return [.. from path in Directory.EnumerateFiles(folder)
            let name = StepName().Match(System.IO.Path.GetFileName(path))
            where name.Success && int.TryParse(name.Groups["step"].Value, CultureInfo.InvariantCulture, out _)
            let step = int.Parse(name.Groups["step"].Value, CultureInfo.InvariantCulture)
            orderby step descending
            select (step, path)];
    }

    /// <summary>The run of a checkpoint to go on from.</summary>
    private static RunDirectory OfCheckpoint(string path)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        string name = System.IO.Path.GetFileName(path);
        if (System.IO.Path.GetFileName(folder) != Checkpoints
            || (name != "last.safetensors" && !StepName().IsMatch(name)))
            throw new UsageException($"'{path}' is no checkpoint that a run goes on from: those are last.safetensors "
                + $"and step-*.safetensors in the folder '{Checkpoints}' of a run.")
            {
                Field = "resume"
            };
        string? outer = System.IO.Path.GetDirectoryName(System.IO.Path.GetDirectoryName(path));
        return new(string.IsNullOrEmpty(outer) ? System.IO.Path.GetDirectoryName(folder)! : outer) { _named = path };
    }

    [GeneratedRegex(@"^step-(?<step>[0-9]{8,10})\.safetensors$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex StepName();

    private static RunDirectory Newest() =>
        (Directory.Exists(DefaultParent) ? Directory.GetDirectories(DefaultParent) : [])
        .Select(folder => new RunDirectory(folder))
        .Where(run => File.Exists(run.LastCheckpoint))
        .MaxBy(run => File.GetLastWriteTimeUtc(run.LastCheckpoint))
        ?? throw new UsageException($"there is no run with a checkpoint under '{DefaultParent}'; name its directory.")
        {
            Field = "resume"
        };

    private string At(string name) => System.IO.Path.Combine(Path, name);
}
