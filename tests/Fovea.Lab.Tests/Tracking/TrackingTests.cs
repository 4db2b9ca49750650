using System.Text.Json;
using Fovea.Lab.Reports;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

namespace Fovea.Lab.Tests.Tracking;

/// <summary>Whole runs with trackers on, read back by readers that know the formats only.</summary>
public class TrackingTests
{
    [Fact]
    public void TensorBoardGetsScalarsHistogramsImagesAndTheRecipe()
    {
        using TemporaryFolder folder = new();
        Train(folder["run"], Trackers.TensorBoard);
        List<WireMessage> events = TrackedFiles.Events(EventFiles(folder["run"]).Single());
        Dictionary<string, List<(long Step, WireMessage Value)>> tags = events
            .SelectMany(entry => entry.Message(5).Messages(1).Select(value => (value.Text(1), (entry.Whole(2), value))))
            .GroupBy(one => one.Item1, one => one.Item2).ToDictionary(group => group.Key, group => group.ToList());

        Assert.Equal([2, 4, 6, 8], tags["train/loss"].Select(one => one.Step));
        RunEvent[] epochs = [.. RunLog.ReadEvents(new RunDirectory(folder["run"]))
            .Where(entry => entry.Event == "epoch")];
        Assert.Equal(epochs.Select(entry => (float)entry.ValLoss!),
            tags["val/loss"].Select(one => (float)one.Value.Real(2)));
        Assert.Contains("model: vit-nano", tags["config"][0].Value.Message(8).Text(8));
        Assert.Equal("text", tags["config"][0].Value.Message(9).Message(1).Text(1));

        WireMessage weights = tags["weights/head.weight"][0].Value.Message(5);
        Assert.Equal(960, weights.Real(3));   // 96 tokens' elements x 10 classes
        Assert.Equal(960, weights.Reals(7).Sum());
        Assert.Equal(weights.Real(2), weights.Reals(6)[^1]);
        // the epochs' last steps
        Assert.Equal([3, 6, 9], tags["gradients/blocks.0.attn.qkv.weight"].Select(one => one.Step));

        WireMessage image = tags["predictions"][0].Value.Message(4);
        Assert.Equal([0x89, .. "PNG"u8], image.Bytes(4)[..4]);
        Assert.True(image.Whole(1) > 0 && image.Whole(2) > 0);
    }

    [Fact]
    public void AResumedRunVoidsTheStepsThatHappenAgain()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource stop = new();
        SilentObserver stopper = new(progress =>
        {
            if (progress.Step == 5) stop.Cancel();
        });
        Assert.Throws<RunInterruptedException>(() =>
            Train(folder["run"], Trackers.TensorBoard | Trackers.Wandb, stopper, stop));
        TrainingRun.Resume(folder["run"], recipe => recipe, new SilentObserver(), CancellationToken.None,
            TinyRun.Images);

        WireMessage restart = EventFiles(folder["run"]).SelectMany(TrackedFiles.Events).Single(entry => entry.Has(7));
        Assert.Equal((6, 1), (restart.Whole(2), restart.Message(7).Whole(1)));

        string[] files = WandbFiles(folder["run"]);
        Assert.Equal(2, files.Length);
        Assert.Single(files.Select(Path.GetFileName).Distinct());   // one id
        List<WireMessage>[] parts = [.. files.Select(TrackedFiles.WandbRecords)];
        Assert.Contains(parts, part => part.Any(record => record.Message(18).Whole(1) == 130));
        WireMessage resumed = parts.Select(part => part.Single(record => record.Has(17)).Message(17))
            .Single(run => run.Whole(18) == 1);
        Assert.Equal(5, resumed.Whole(14));
    }

    [Fact]
    public void PartsOfARunWithinOneSecondHaveFoldersOfTheirOwn()
    {
        using TemporaryFolder folder = new();
        DateTime now = new(2026, 12, 31, 23, 59, 59);
        for (int part = 0; part < 3; part++) new WandbTracker(folder.Path, _ => null, now).Dispose();
        string[] times = [.. WandbFiles(folder.Path)
            .Select(file => Path.GetFileName(Path.GetDirectoryName(file)!)["offline-run-".Length..][..15]).Order()];
        Assert.Equal(["20261231_235959", "20270101_000000", "20270101_000001"], times);
    }

    [Theory]
    [InlineData("../../escaped")]
    [InlineData("/tmp/escaped")]
    [InlineData("")]
    public void AnIdThatLeadsElsewhereIsReplaced(string id)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["wandb-id"], id);
        new WandbTracker(folder.Path, _ => null, DateTime.Now).Dispose();
        Assert.Single(WandbFiles(folder.Path));
        Assert.Matches("^[a-z0-9]{8}$", File.ReadAllText(folder["wandb-id"]).Trim());
    }

    [Fact]
    public void WandbGetsRunConfigHistorySummaryAndExit()
    {
        using TemporaryFolder folder = new();
        RunSummary summary = Train(folder["run"], Trackers.Wandb);
        string file = Assert.Single(WandbFiles(folder["run"]));
        string id = Path.GetFileNameWithoutExtension(file)["run-".Length..];
        Assert.Matches(@"^offline-run-\d{8}_\d{6}-" + id + "$", Path.GetFileName(Path.GetDirectoryName(file)));

        List<WireMessage> records = TrackedFiles.WandbRecords(file);
        Assert.Equal(Enumerable.Range(1, records.Count).Select(i => (long)i),
            records.Select(record => record.Whole(1)));
        WireMessage run = records.Single(record => record.Has(17)).Message(17);
        Assert.Equal((id, "fovea", "run"), (run.Text(1), run.Text(3), run.Text(8)));
        Dictionary<string, string> config = Items(run.Message(4));
        Assert.Equal(("\"vit-nano\"", "16", "false"), (config["model"], config["batch-size"], config["nesterov"]));
        Assert.Equal(config, Items(records.Single(record => record.Has(5)).Message(5)));

        Dictionary<string, string>[] rows = [.. records.Where(record => record.Has(2))
            .Select(record => Items(record.Message(2)))];
        long[] steps = [.. rows.Select(row => long.Parse(row["_step"], null))];
        Assert.Equal(steps.Distinct().Order(), steps);
        Assert.Contains(rows, row => row.ContainsKey("train/loss"));
        using JsonDocument histogram = JsonDocument.Parse(
            rows.First(row => row.ContainsKey("weights/head.bias"))["weights/head.bias"]);
        Assert.Equal("histogram", histogram.RootElement.GetProperty("_type").GetString());
        Assert.Equal(histogram.RootElement.GetProperty("values").GetArrayLength() + 1,
            histogram.RootElement.GetProperty("bins").GetArrayLength());

        Dictionary<string, string> final = Items(records.Single(record => record.Has(3)).Message(3));
        Assert.Equal(summary.TestAccuracy!.Value,
            double.Parse(final["test_accuracy"], System.Globalization.CultureInfo.InvariantCulture), 12);
        Assert.True(records[^1].Has(18));
        Assert.Equal(0, records[^1].Message(18).Whole(1));
    }

    [Theory]
    [InlineData("disabled", false)]
    [InlineData("offline", true)]
    [InlineData("online", true)]
    [InlineData(null, true)]
    public void WandbHonoursItsMode(string? mode, bool allowed) =>
        Assert.Equal(allowed, WandbTracker.IsAllowed(name => name == "WANDB_MODE" ? mode : null));

    [Fact]
    public void WandbTakesNamesFromItsVariables()
    {
        using TemporaryFolder folder = new();
        Dictionary<string, string> variables = new()
        {
            ["WANDB_DIR"] = folder["elsewhere"],
            ["WANDB_RUN_ID"] = "abc12345",
            ["WANDB_PROJECT"] = "mnist",
            ["WANDB_NAME"] = "first",
            ["WANDB_TAGS"] = "a, b",
        };
        using (WandbTracker tracker = new(folder.Path, variables.GetValueOrDefault, new DateTime(2026, 2, 3, 4, 5, 6)))
        {
            tracker.Started(new RunPlan
            {
                Recipe = TinyRun.Recipe,
                Parameters = 1,
                Images = (1, 1, 1),
                ValidationOrigin = "",
                StepsPerEpoch = 1,
                StepsDone = 0,
                Directory = folder.Path,
            });
        }

        string file = folder["elsewhere/wandb/offline-run-20260203_040506-abc12345/run-abc12345.wandb"];
        WireMessage run = TrackedFiles.WandbRecords(file).Single(record => record.Has(17)).Message(17);
        Assert.Equal(("mnist", "first", "b"), (run.Text(3), run.Text(8), run.Text(10)));
    }

    /// <summary>What a full disk or a folder without permission does: the tracker is gone, the run is not.</summary>
    [Fact]
    public void ATrackerThatFailsDoesNotEndTheRun()
    {
        using TemporaryFolder folder = new();
        Train(folder["run"], Trackers.None);
        Directory.Delete(folder["run/checkpoints"], recursive: true);   // so that it begins again,
        File.Delete(folder["run/summary.json"]);   // as one that did not finish
        File.WriteAllText(folder["run/wandb"], "a file where the folder should be");
        SilentObserver observer = new();
        RunSummary summary = TrainingRun.Resume(folder["run"], recipe => recipe with
        {
            Run = recipe.Run with { Track = Trackers.TensorBoard | Trackers.Wandb }
        }, observer, CancellationToken.None, TinyRun.Images);
        Assert.Equal(3, summary.Epochs);
        Assert.Single(observer.Warnings, warning => warning.Contains("goes on without", StringComparison.Ordinal));
        Assert.NotEmpty(EventFiles(folder["run"]));
    }

    [Fact]
    public void TrackersDoNotChangeTheResult()
    {
        using TemporaryFolder folder = new();
        Train(folder["with"], Trackers.TensorBoard | Trackers.Wandb);
        Train(folder["without"], Trackers.None);
        Assert.Empty(EventFiles(folder["without"]));
        Assert.Equal(
            RunLog.ReadEvents(new RunDirectory(folder["with"])).Select(entry => entry.TrainLoss),
            RunLog.ReadEvents(new RunDirectory(folder["without"])).Select(entry => entry.TrainLoss));
    }

    /// <summary>Names that would end a block of Markdown, a JSON text or a line, or steer a terminal.</summary>
    [Fact]
    public void TrackersKeepEvilNamesAsTheyAre()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such file names");
        const string Evil = "=<script>\"'&|\n```\n# \\x\r\x1b[2J\u202e";
        using TemporaryFolder folder = new();
        string directory = folder[Evil];
        Recipe recipe = TinyRun.Recipe with
        {
            Data = TinyRun.Recipe.Data with { Directory = Evil },
            Run = TinyRun.Recipe.Run with { Out = directory, Track = Trackers.TensorBoard | Trackers.Wandb },
        };
        TrainingRun.Start(recipe, new ObserverList(new SilentObserver(), new ReportObserver()), CancellationToken.None,
            TinyRun.Images);

        WireMessage[] values = [.. TrackedFiles.Events(EventFiles(directory).Single())
            .SelectMany(entry => entry.Message(5).Messages(1))];
        string config = values.Single(value => value.Text(1) == "config").Message(8).Text(8);
        string[] lines = config.Split('\n');
        Assert.Equal(("```yaml", "```"), (lines[0], lines[^1]));
        Assert.DoesNotContain(lines[1..^1], line => line.TrimStart().StartsWith("```", StringComparison.Ordinal)
            || line.StartsWith('#') && line.Contains("\\x", StringComparison.Ordinal));
        Assert.DoesNotContain(config, c => c is '\r' or '\x1b');
        Assert.Equal(Evil, RecipeFile.Parse(string.Join('\n', lines[1..^1]), "config", Recipe.Default).Data.Directory);
        Assert.All(values, value => Assert.Matches("^[A-Za-z0-9_./-]+$", value.Text(1)));

        List<WireMessage> records = TrackedFiles.WandbRecords(Assert.Single(WandbFiles(directory)));
        WireMessage run = records.Single(record => record.Has(17)).Message(17);
        Assert.Equal(Evil, run.Text(8));
        Assert.Equal(Evil, JsonSerializer.Deserialize<string>(Items(run.Message(4))["data"]));
        Assert.Equal(directory, JsonSerializer.Deserialize<string>(Items(run.Message(4))["out"]));
        foreach (int kind in (int[])[2, 3, 5])   // history, summary, config
            foreach (WireMessage record in records.Where(record => record.Has(kind)))
                Assert.All(Items(record.Message(kind)).Values, json => JsonDocument.Parse(json).Dispose());
    }

    [Fact]
    public void AnIdFromTheEnvironmentThatLeadsElsewhereIsRefused()
    {
        using TemporaryFolder folder = new();
        UsageException error = Assert.Throws<UsageException>(() => new WandbTracker(folder["run"],
            name => name == "WANDB_RUN_ID" ? "../../escaped" : null, DateTime.Now));
        Assert.Contains("WANDB_RUN_ID", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static RunSummary Train(string directory, Trackers trackers, SilentObserver? observer = null,
        CancellationTokenSource? stop = null)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Out = directory, Track = trackers } };
        ObserverList observers = new(observer ?? new SilentObserver(), new ReportObserver());
        return TrainingRun.Start(recipe, observers, stop?.Token ?? CancellationToken.None, TinyRun.Images);
    }

    private static string[] EventFiles(string run) => Directory.GetFiles(run, "events.out.tfevents.*");

    private static string[] WandbFiles(string run) =>
        Directory.GetFiles(Path.Combine(run, "wandb"), "*.wandb", SearchOption.AllDirectories);

    private static Dictionary<string, string> Items(WireMessage record) =>
        record.Messages(1).ToDictionary(item => item.Text(1), item => item.Text(16));
}
