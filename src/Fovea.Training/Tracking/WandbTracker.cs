using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fovea.Core.Formats;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking.Formats.WeightsAndBiases;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Fovea.Training.Tracking;

/// <summary>
/// Weights &amp; Biases, always offline: <c>wandb/offline-run-DATE_TIME-ID/run-ID.wandb</c> under the run directory (or
/// WANDB_DIR), for <c>wandb sync</c> whenever there is a network. A resumed run adds a folder under the same id. Names
/// come from WANDB_PROJECT, WANDB_ENTITY, WANDB_NAME, WANDB_RUN_ID, WANDB_RUN_GROUP, WANDB_JOB_TYPE, WANDB_NOTES and
/// WANDB_TAGS.
/// </summary>
internal sealed class WandbTracker : ITracker
{
    private const int LongestId = 128;
    private const string DefaultProject = "fovea";
    private readonly Func<string, string?> _environment;
    private readonly string _id;
    private readonly BlockLog _log;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    // of the step at hand, name → JSON
    private readonly SortedDictionary<string, string> _row = new(StringComparer.Ordinal);
    private long _step = -1;
    private long _records;

    /// <param name="directory">The run directory.</param>
    /// <param name="environment">Environment variables.</param>
    /// <param name="now">Local time, for the folder's name.</param>
    public WandbTracker(string directory, Func<string, string?> environment, DateTime now)
    {
        _environment = environment;
        string parent = Path.Combine(Given("WANDB_DIR") ?? directory, "wandb");
        string? given = Given("WANDB_RUN_ID");
        Check.That(given is null || (IsId(given) && given.Length <= LongestId),
            $"WANDB_RUN_ID: '{given}' is no id; it has letters, digits, '-' and '_', and at most {LongestId} of them.");
        _id = given ?? IdOf(directory);
        string folder = FreeFolder(parent, now);
        Directory.CreateDirectory(Path.Combine(folder, "files"));
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        _log = new BlockLog(Path.Combine(folder, $"run-{_id}.wandb"));
        Write(new Record { Header = new HeaderRecord() });
    }

    /// <summary>True if WANDB_MODE allows anything to be written.</summary>
    public static bool IsAllowed(Func<string, string?> environment) =>
        environment("WANDB_MODE")?.Trim().ToLowerInvariant() is not "disabled";

    public void Started(RunPlan plan)
    {
        ConfigRecord config = new()
        {
            Update = { RecipeFields.All
                .Select(field => new Item { Key = field.Name, ValueJson = Json(field.Read(plan.Recipe)) }) }
        };
        config.Update.Add(new Item { Key = "parameters", ValueJson = Json(plan.Parameters) });
        Formats.WeightsAndBiases.RunRecord run = new()
        {
            RunId = _id,
            Project = Given("WANDB_PROJECT") ?? DefaultProject,
            Entity = Given("WANDB_ENTITY") ?? "",
            DisplayName = Given("WANDB_NAME") ?? Path.GetFileName(Path.GetFullPath(plan.Directory)),
            RunGroup = Given("WANDB_RUN_GROUP") ?? "",
            JobType = Given("WANDB_JOB_TYPE") ?? "train",
            Notes = Given("WANDB_NOTES") ?? "",
            Host = Environment.MachineName,
            Config = config,
            StartTime = Timestamp.FromDateTime(DateTime.UtcNow),
            StartingStep = plan.StepsDone,
            Resumed = plan.StepsDone > 0,
        };
        if (Given("WANDB_TAGS") is string tags)
            run.Tags.Add(tags.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Write(new Record { Run = run });
        Write(new Record { Config = config });
    }

    public void Logged(RunEvent entry)
    {
        Turn(entry.Step);
        foreach ((string name, double value) in Measurements.Of(entry)) _row[name] = Json(value);
    }

    public void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms)
    {
        Turn(step);
        foreach ((string name, Histogram histogram) in histograms) _row[name] = Json(histogram);
    }

    public void Finished(RunSummary summary, string directory)
    {
        Flush();
        using JsonDocument values = JsonDocument.Parse(JsonText.Line(summary));
        Write(new Record
        {
            Summary = new SummaryRecord
            {
                Update = { values.RootElement.EnumerateObject()
                    .Select(one => new Item { Key = one.Name, ValueJson = one.Value.GetRawText() }) }
            },
        });
    }

    public void Ended(int exitCode)
    {
        Flush();
        Write(new Record { Exit = new ExitRecord { ExitCode = exitCode, Runtime = (int)_clock.Elapsed.TotalSeconds } });
    }

    public void Dispose() => _log.Dispose();

    /// <summary>All that belongs to a step is one row: a step twice would be two points.</summary>
    private void Turn(long step)
    {
        if (step == _step) return;
        Flush();
        _step = step;
    }

    private void Flush()
    {
        if (_row.Count == 0) return;
        _row["_step"] = Json(_step);
        _row["_runtime"] = Json(_clock.Elapsed.TotalSeconds);
        _row["_timestamp"] = Json((DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds);
        HistoryRecord history = new() { Step = new HistoryStep { Num = _step } };
        history.Item.Add(_row.Select(value => new Item { Key = value.Key, ValueJson = value.Value }));
        Write(new Record { History = history });
        _row.Clear();
    }

    private void Write(Record record)
    {
        record.Num = ++_records;
        _log.Write(record.ToByteArray());
    }

    private string? Given(string variable) => string.IsNullOrWhiteSpace(_environment(variable)) ? null
        : _environment(variable)!.Trim();

    /// <summary>The folder of this second, or of the next one that no earlier part of the run has taken.</summary>
    private string FreeFolder(string parent, DateTime now)
    {
        for (DateTime time = now; ; time = time.AddSeconds(1))
        {
            string folder = Path.Combine(parent,
                string.Create(CultureInfo.InvariantCulture, $"offline-run-{time:yyyyMMdd_HHmmss}-{_id}"));
            if (!Directory.Exists(folder)) return folder;
        }
    }

    /// <summary>The id of the run's earlier part, or a new one.</summary>
    private static string IdOf(string run)
    {
        string remembered = Path.Combine(run, "wandb-id");
        const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";
        if (File.Exists(remembered) && new FileInfo(remembered).Length < LongestId
            && File.ReadAllText(remembered).Trim() is string known && IsId(known)) return known;
        string id = new(Random.Shared.GetItems<char>(Letters, 8));
        File.WriteAllText(remembered, id + "\n");
        return id;
    }

    /// <summary>The id becomes part of a path: letters, digits, hyphens and underscores.</summary>
    private static bool IsId(string text) =>
        text.Length > 0 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');

    private static string Json(Histogram histogram)
    {
        string counts = string.Join(',', histogram.Counts);
        return $$"""{"_type":"histogram","values":[{{counts}}],"bins":[{{Numbers(histogram.Edges)}}]}""";
    }

    private static string Numbers(IEnumerable<double> values) =>
        string.Join(',', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>A recipe's value as the JSON it stands for: a number, true, false, null or a text.</summary>
    private static string Json(string value) => value switch
    {
        "true" or "false" => value,
        "none" => "null",
        _ when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) =>
            Json(number),
        _ => JsonSerializer.Serialize(value),
    };

    private static string Json(double value) => double.IsFinite(value) ? JsonSerializer.Serialize(value)
        : JsonSerializer.Serialize(value.ToString(CultureInfo.InvariantCulture));
}
