using System.Globalization;
using Fovea.Core.Files;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>
/// MLflow's file store: <c>EXPERIMENT/RUN/</c> with <c>meta.yaml</c>, <c>metrics/NAME</c> (lines of timestamp, value
/// and step), <c>params/NAME</c>, <c>tags/NAME</c> and <c>artifacts/</c>, below <c>mlruns</c> beside the run directory
/// or the folder that MLFLOW_TRACKING_URI names. A resumed run goes on under its id; what happens again is taken out.
/// MLFLOW_EXPERIMENT_NAME, MLFLOW_RUN_NAME and MLFLOW_RUN_ID are honoured.
/// </summary>
internal sealed class MlflowTracker : ITracker
{
    // numbers of MLflow's RunStatus
    private const int Running = 1;
    private const int Complete = 3;
    private const int Failed = 4;
    private const int Killed = 5;

    private const string Default = "fovea";

    private readonly RunDirectory _run;
    private readonly string _folder;
    private readonly string _name;
    private readonly MlflowExperiment _experiment;
    private readonly string _id;
    private readonly long _start;
    private HashSet<(string Name, long Step)> _written = [];

    /// <param name="directory">The run directory.</param>
    /// <param name="environment">Environment variables.</param>
    public MlflowTracker(string directory, Func<string, string?> environment)
    {
        _run = new RunDirectory(directory);
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        string root = RootOf(full, Given("MLFLOW_TRACKING_URI"));
        _id = IdOf(full, Given("MLFLOW_RUN_ID"));
        _experiment = MlflowExperiment.In(root, Given("MLFLOW_EXPERIMENT_NAME") ?? Default);
        _folder = Path.Combine(_experiment.Folder, _id);
        _name = Given("MLFLOW_RUN_NAME") ?? Path.GetFileName(full);
        _start = StartOf(Path.Combine(_folder, "meta.yaml")) ?? MlflowExperiment.Now();
        foreach (string part in (string[])["artifacts", "metrics", "params", "tags"])
            Directory.CreateDirectory(Path.Combine(_folder, part));

        string? Given(string variable) =>
            string.IsNullOrWhiteSpace(environment(variable)) ? null : environment(variable)!.Trim();
    }

    public void Started(RunPlan plan)
    {
        WriteMeta(Running, null);
        TakeOutWhatHappensAgain();
        foreach (RecipeField field in RecipeFields.All.Where(field => !field.IsShorthand))
            Write("params", field.Name, field.Read(plan.Recipe));
        Write("params", "parameters", plan.Parameters.ToString(CultureInfo.InvariantCulture));
        Write("tags", "mlflow.runName", _name);
        Write("tags", "mlflow.user", Environment.UserName);
        Write("tags", "mlflow.source.name", "fovea");
        Write("tags", "mlflow.source.type", "LOCAL");
        Write("tags", "fovea.version", Machine.Version);
    }

    public void Logged(RunEvent entry)
    {
        foreach ((string name, double value) in MeasurementsOf(entry)
            .Where(one => _written.Add((one.Name, entry.Step))))   // events of one step have some in common
            File.AppendAllText(PathOf("metrics", name), string.Create(CultureInfo.InvariantCulture,
                $"{MlflowExperiment.Now()} {Number(value)} {entry.Step}\n"));
    }

    /// <summary>MLflow has no distributions.</summary>
    public void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms)
    {
    }

    public void Finished(RunSummary summary, string directory)
    {
        string figures = Path.Combine(directory, "figures");
        string[] images = Directory.Exists(figures) ? Directory.GetFiles(figures, "*.png") : [];
        foreach (string file in images.Concat([_run.Summary, _run.Config]).Where(File.Exists))
            File.Copy(file, Path.Combine(_folder, "artifacts", Path.GetFileName(file)), overwrite: true);
    }

    public void Ended(int exitCode) =>
        WriteMeta(exitCode switch { 0 => Complete, 130 => Killed, _ => Failed }, MlflowExperiment.Now());

    public void Dispose()
    {
    }

    private static string RootOf(string run, string? address)
    {
        if (address is null) return Path.Combine(Path.GetDirectoryName(run) ?? run, "mlruns");
        if (address.StartsWith("file://", StringComparison.Ordinal)) return new Uri(address).LocalPath;
        if (address.StartsWith("file:", StringComparison.Ordinal)) return address["file:".Length..];
        Check.That(!address.Contains("://", StringComparison.Ordinal) && address is not ("databricks" or "uc"),
            $"MLFLOW_TRACKING_URI: '{address}' is a server or a database, and files are written; name a folder.");
        return address;
    }

    /// <summary>The id of the run's earlier part, or a new one.</summary>
    private static string IdOf(string run, string? given)
    {
        const int Length = 32;
        Check.That(given is null || IsId(given), $"MLFLOW_RUN_ID: '{given}' is no id; it begins with a letter or a "
            + "digit and has letters, digits, '-' and '_', and at most 256 of them.");
        if (given is not null) return given;
        string remembered = Path.Combine(run, "mlflow-id");
        if (File.Exists(remembered) && new FileInfo(remembered).Length <= Length + 2
            && File.ReadAllText(remembered).Trim() is { Length: Length } known && known.All(char.IsAsciiHexDigit))
            return known;
        string id = Guid.NewGuid().ToString("N");
        File.WriteAllText(remembered, id + "\n");
        return id;
    }

    /// <summary>The id becomes part of a path.</summary>
    private static bool IsId(string text) => text.Length is > 0 and <= 256 && char.IsAsciiLetterOrDigit(text[0])
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    private void WriteMeta(int status, long? end) => AtomicFile.WriteText(Path.Combine(_folder, "meta.yaml"),
        string.Create(CultureInfo.InvariantCulture, $"""
            artifact_uri: {MlflowExperiment.Address(Path.Combine(_folder, "artifacts"))}
            end_time: {(end is long time ? time.ToString(CultureInfo.InvariantCulture) : "null")}
            entry_point_name: ''
            experiment_id: '{_experiment.Id}'
            lifecycle_stage: active
            run_id: '{_id}'
            run_name: {MlflowExperiment.Quoted(_name)}
            run_uuid: '{_id}'
            source_name: ''
            source_type: 4
            source_version: ''
            start_time: {_start}
            status: {status}
            tags: []
            user_id: {MlflowExperiment.Quoted(Environment.UserName)}

            """).ReplaceLineEndings("\n"));

    /// <summary>Takes out measurements that the run's log, cut back to the checkpoint, does not have. A file without
    /// any has to go: MLflow calls it malformed.</summary>
    private void TakeOutWhatHappensAgain()
    {
        _written = [.. RunLog.ReadEvents(_run)
            .SelectMany(entry => MeasurementsOf(entry).Select(one => (one.Name, entry.Step)))];
        string metrics = Path.Combine(_folder, "metrics");
        foreach (string file in Directory.GetFiles(metrics, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(metrics, file).Replace(Path.DirectorySeparatorChar, '/');
            string[] lines = File.ReadAllLines(file);
            string[] kept = [.. lines.Where(line => line.Split(' ') is [_, _, var written]
                && long.TryParse(written, NumberStyles.None, CultureInfo.InvariantCulture, out long step)
                && _written.Contains((name, step)))];
            if (kept.Length == 0) File.Delete(file);
            else if (kept.Length < lines.Length) AtomicFile.WriteText(file, string.Join('\n', kept) + "\n");
        }
    }

    /// <summary>A name with slashes is a path, so that none can be the folder of another.</summary>
    private static IEnumerable<(string Name, double Value)> MeasurementsOf(RunEvent entry) => Measurements.Of(entry)
        .Select(one => one.Name == "epoch" ? ("epoch/number", one.Value) : one);

    private static long? StartOf(string meta)
    {
        const string Key = "start_time: ";
        string? line = !File.Exists(meta) ? null : File.ReadLines(meta)
            .FirstOrDefault(text => text.StartsWith(Key, StringComparison.Ordinal));
        return long.TryParse(line?[Key.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out long time)
            ? time : null;
    }

    private void Write(string part, string name, string value) => File.WriteAllText(PathOf(part, name), value);

    private string PathOf(string part, string name)
    {
        string path = Path.Combine([_folder, part, .. name.Split('/')]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private static string Number(double value) => value switch
    {
        double.NaN => "nan",
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
