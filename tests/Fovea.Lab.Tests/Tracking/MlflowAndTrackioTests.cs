using System.Globalization;
using Fovea.Lab.Reports;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

namespace Fovea.Lab.Tests.Tracking;

/// <summary>The files of MLflow and Trackio, against their published formats.</summary>
public sealed class MlflowAndTrackioTests
{
    [Fact]
    public void MlflowGetsExperimentRunMeasurementsParametersTagsAndFiles()
    {
        using TemporaryFolder folder = new();
        RunSummary summary = Train(folder["run"], Trackers.Mlflow);
        string root = folder["mlruns"];
        Assert.Contains("name: 'Default'", File.ReadAllLines(Path.Combine(root, "0", "meta.yaml")));
        string experiment = Assert.Single(Directory.GetDirectories(root), path => Path.GetFileName(path) != "0");
        Dictionary<string, string> about = Yaml(Path.Combine(experiment, "meta.yaml"));
        Assert.Equal(["artifact_location", "creation_time", "experiment_id", "last_update_time", "lifecycle_stage",
            "name"], about.Keys);
        Assert.Equal(($"'{Path.GetFileName(experiment)}'", "'fovea'"), (about["experiment_id"], about["name"]));
        Assert.Matches("^[1-9][0-9]{17}$", Path.GetFileName(experiment));

        string run = Assert.Single(Directory.GetDirectories(experiment)), id = Path.GetFileName(run);
        Assert.Matches("^[0-9a-f]{32}$", id);
        Dictionary<string, string> meta = Yaml(Path.Combine(run, "meta.yaml"));
        Assert.Equal(["artifact_uri", "end_time", "entry_point_name", "experiment_id", "lifecycle_stage", "run_id",
            "run_name", "run_uuid", "source_name", "source_type", "source_version", "start_time", "status", "tags",
            "user_id"], meta.Keys);
        Assert.Equal(($"'{id}'", $"'{id}'", "'run'", "3", "4", "active", about["experiment_id"]),
            (meta["run_id"], meta["run_uuid"], meta["run_name"], meta["status"], meta["source_type"],
                meta["lifecycle_stage"], meta["experiment_id"]));
        Assert.Equal(Path.Combine(run, "artifacts"), new Uri(meta["artifact_uri"].Trim('\'')).LocalPath);
        Assert.True(long.Parse(meta["start_time"], null) <= long.Parse(meta["end_time"], null));

        Assert.Equal([2, 4, 6, 8], Metric(run, "train/loss").Select(point => point.Step));
        RunEvent[] epochs = [.. Events(folder["run"]).Where(entry => entry.Event == "epoch")];
        Assert.Equal(epochs.Select(entry => (entry.ValLoss!.Value, entry.Step)),
            Metric(run, "val/loss").Select(point => (point.Value, point.Step)));
        Assert.Equal(epochs.Select(entry => entry.TrainLoss!.Value),
            Metric(run, "epoch/train_loss").Select(point => point.Value));
        Assert.Equal(summary.TestAccuracy, Assert.Single(Metric(run, "test/accuracy")).Value);
        Assert.Equal([(1, 2), (1, 3), (2, 4), (2, 6), (3, 8), (3, 9)],
            Metric(run, "epoch/number").Select(point => ((int)point.Value, (int)point.Step)));

        Assert.Equal("vit-nano", Text(run, "params", "model"));
        Assert.Equal("16", Text(run, "params", "batch-size"));
        Assert.Equal(RecipeFields.All.Count(field => !field.IsShorthand) + 1,
            Directory.GetFiles(Path.Combine(run, "params")).Length);
        Assert.Equal(("run", "LOCAL"), (Text(run, "tags", "mlflow.runName"), Text(run, "tags", "mlflow.source.type")));
        Assert.All((string[])["summary.json", "config.yaml", "predictions.png"],
            name => Assert.True(File.Exists(Path.Combine(run, "artifacts", name)), name));
    }

    [Fact]
    public void AResumedRunHasEachStepOnceInBoth()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource stop = new();
        SilentObserver stopper = new(progress =>
        {
            if (progress.Step == 5) stop.Cancel();
        });
        Assert.Throws<RunInterruptedException>(() =>
            Train(folder["run"], Trackers.Mlflow | Trackers.Trackio, stopper, stop));
        string run = MlflowRun(folder["mlruns"]);
        Assert.Equal("5", Yaml(Path.Combine(run, "meta.yaml"))["status"]);
        string start = Yaml(Path.Combine(run, "meta.yaml"))["start_time"];
        TrainingRun.Resume(folder["run"], recipe => recipe, new SilentObserver(), CancellationToken.None,
            TinyRun.Images);

        Assert.Equal(run, MlflowRun(folder["mlruns"]));
        Assert.Equal(("3", start), (Yaml(Path.Combine(run, "meta.yaml"))["status"],
            Yaml(Path.Combine(run, "meta.yaml"))["start_time"]));
        Assert.Equal([2, 4, 6, 8], Metric(run, "train/loss").Select(point => point.Step));
        Assert.Equal([3, 6, 9], Metric(run, "val/loss").Select(point => point.Step));
        string[] steps = [.. File.ReadLines(folder["run/trackio.csv"]).Skip(1).Select(line => line.Split(',')[0])];
        Assert.Equal(["2", "3", "4", "6", "8", "9"], steps);
    }

    /// <summary>A process that was killed leaves steps behind its checkpoint.</summary>
    [Fact]
    public void WhatTheLogNoLongerHasIsTakenOut()
    {
        using TemporaryFolder folder = new();
        RunDirectory run = new(Directory.CreateDirectory(folder["run"]).FullName);
        MlflowTracker killed = new(run.Path, _ => null);
        killed.Started(Plan(run, 0));
        RunEvent[] events = [.. new[] { 2, 4, 6 }.Select(step => Step(step, step / 10.0))];
        foreach (RunEvent entry in events) killed.Logged(entry);
        killed.Logged(new RunEvent { Event = "epoch", Epoch = 1, Step = 6, ValLoss = double.NaN });
        string files = MlflowRun(folder["mlruns"]);
        Assert.Equal("nan", File.ReadAllText(Path.Combine(files, "metrics", "val", "loss")).Split(' ')[1]);

        using (RunLog log = RunLog.Begin(run))
            foreach (RunEvent entry in events[..2]) log.Add(entry);
        MlflowTracker resumed = new(run.Path, _ => null);
        resumed.Started(Plan(run, 5));
        Assert.Equal([(0.2, 2), (0.4, 4)], Metric(files, "train/loss").Select(one => (one.Value, one.Step)));
        Assert.False(File.Exists(Path.Combine(files, "metrics", "val", "loss")));   // an empty one is malformed
        Assert.Equal("1", Yaml(Path.Combine(files, "meta.yaml"))["status"]);
        resumed.Ended(1);
        Assert.Equal("4", Yaml(Path.Combine(files, "meta.yaml"))["status"]);
    }

    [Fact]
    public void MlflowTakesFolderAndNamesFromItsVariables()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["store/7"]);
        File.WriteAllText(folder["store/7/meta.yaml"], "experiment_id: '7'\nlifecycle_stage: active\nname: mnist\n");
        Dictionary<string, string> variables = new()
        {
            ["MLFLOW_TRACKING_URI"] = new Uri(folder["store"]).AbsoluteUri,
            ["MLFLOW_EXPERIMENT_NAME"] = "mnist",
            ["MLFLOW_RUN_NAME"] = "it's: first",
            ["MLFLOW_RUN_ID"] = "abc-1_2",
        };
        RunDirectory run = new(Directory.CreateDirectory(folder["run"]).FullName);
        new MlflowTracker(run.Path, variables.GetValueOrDefault).Started(Plan(run, 0));
        Assert.Equal("'it''s: first'", Yaml(folder["store/7/abc-1_2/meta.yaml"])["run_name"]);
        Assert.False(Directory.Exists(folder["mlruns"]));
    }

    [Theory]
    [InlineData("MLFLOW_RUN_ID", "../../escaped")]
    [InlineData("MLFLOW_RUN_ID", "-a")]
    [InlineData("MLFLOW_TRACKING_URI", "http://localhost:5000")]
    [InlineData("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")]
    [InlineData("MLFLOW_TRACKING_URI", "databricks")]
    public void VariablesThatLeadElsewhereAreRefused(string variable, string value)
    {
        using TemporaryFolder folder = new();
        Assert.Contains(variable, Assert.Throws<UsageException>(() => new MlflowTracker(folder["run"],
            name => name == variable ? value : null)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void NamesCannotBreakTheFilesAboutARun()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file names");
        const string Evil = "=<script>\"'&|\n```\n# \\x\r\x1b[2J\u2028";
        using TemporaryFolder folder = new();
        RunDirectory run = new(Directory.CreateDirectory(folder[Evil]).FullName);
        new MlflowTracker(run.Path, _ => null).Started(Plan(run, 0));
        string files = MlflowRun(folder["mlruns"]);
        Assert.Equal(15, Yaml(Path.Combine(files, "meta.yaml")).Count);
        Assert.Equal("'=<script>\"''&| ``` # \\x  [2J '", Yaml(Path.Combine(files, "meta.yaml"))["run_name"]);
        Assert.Equal(Evil, Text(files, "tags", "mlflow.runName"));
    }

    [Fact]
    public void TrackioGetsARowForEachStep()
    {
        using TemporaryFolder folder = new();
        RunSummary summary = Train(folder["run"], Trackers.Trackio);
        string[][] rows = [.. File.ReadLines(folder["run/trackio.csv"]).Select(line => line.Split(','))];
        Assert.Equal("step", rows[0][0]);
        Assert.All(rows, row => Assert.Equal(rows[0].Length, row.Length));
        // Trackio keeps ten letters, digits and slashes of a name
        Assert.All(rows[0], name => Assert.Matches("^[a-z/]{1,10}$", name));
        string[] expected = ["train/loss", "train/acc", "epoch/loss", "epoch/acc", "val/loss", "val/acc", "test/loss",
            "test/acc", "lr", "epoch", "images/s"];
        Assert.Empty(expected.Except(rows[0]));
        Assert.Equal(["2", "3", "4", "6", "8", "9"], rows.Skip(1).Select(row => row[0]));
        int validation = Array.IndexOf(rows[0], "val/loss"), test = Array.IndexOf(rows[0], "test/acc");
        Assert.Equal(Events(folder["run"]).Where(entry => entry.Event == "epoch").Select(entry => entry.ValLoss!.Value),
            rows.Skip(1).Where(row => row[validation].Length > 0).Select(row => Real(row[validation])));
        Assert.Equal(summary.TestAccuracy, Real(rows[^1][test]));
        Assert.Empty(Directory.GetFiles(folder["run"], "events.out.tfevents.*"));
    }

    private static RunSummary Train(string directory, Trackers trackers, SilentObserver? observer = null,
        CancellationTokenSource? stop = null)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Out = directory, Track = trackers } };
        ObserverList observers = new(observer ?? new SilentObserver(), new ReportObserver());
        return TrainingRun.Start(recipe, observers, stop?.Token ?? CancellationToken.None, TinyRun.Images);
    }

    private static RunPlan Plan(RunDirectory run, int done) => new()
    {
        Recipe = TinyRun.Recipe,
        Parameters = 1,
        Images = (1, 1, 1),
        ValidationOrigin = "",
        StepsPerEpoch = 1,
        StepsDone = done,
        Directory = run.Path,
    };

    private static RunEvent Step(int step, double loss) =>
        new() { Event = "step", Epoch = 1, Step = step, TrainLoss = loss };

    private static IEnumerable<RunEvent> Events(string run) => RunLog.ReadEvents(new RunDirectory(run));

    private static string MlflowRun(string root) =>
        Assert.Single(Directory.GetDirectories(root).SelectMany(Directory.GetDirectories));

    private static string Text(string run, string part, string name) =>
        File.ReadAllText(Path.Combine(run, part, name));

    private static (long Time, double Value, long Step)[] Metric(string run, string name) =>
        [.. File.ReadAllLines(Path.Combine([run, "metrics", .. name.Split('/')])).Select(line => line.Split(' '))
            .Select(parts => (long.Parse(parts[0], null), Real(parts[1]), long.Parse(parts[2], null)))];

    private static double Real(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>A flat YAML file: a line for each key, in order.</summary>
    private static Dictionary<string, string> Yaml(string file) => File.ReadAllText(file).TrimEnd('\n').Split('\n')
        .Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);
}
