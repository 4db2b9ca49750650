using Fovea.Core.Formats;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_leaves_behind_what_the_design_promises()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);

        RunEvent[] events = [.. RunLog.ReadEvents(run)];
        Assert.Equal(["step", "epoch", "step", "step", "epoch", "step", "epoch", "end"],
            events.Select(entry => entry.Event));
        Assert.Equal([2, 3, 4, 6, 6, 8, 9, 9], events.Select(entry => entry.Step));
        Assert.All(events.Where(entry => entry.Event == "epoch"),
            entry => Assert.InRange(entry.ValAccuracy!.Value, 0, 1));
        Assert.Equal(4, File.ReadAllLines(run.Results).Length);

        RunSummary summary = JsonText.Read<RunSummary>(File.ReadAllText(run.Summary));
        Assert.Equal(("vit-nano", "shapes", 3, 9L), (summary.Model, summary.Dataset, summary.Epochs, summary.Steps));
        Assert.True(summary.PeakMemoryBytes > 1 << 20);
        using CheckpointReader last = CheckpointReader.Open(run.LastCheckpoint),
            best = CheckpointReader.Open(run.BestCheckpoint);
        Assert.Equal(3, last.Head.State.Epoch);
        Assert.Equal(summary.BestEpoch, best.Head.State.BestEpoch);
    }

    [Fact]
    public void Numbers_that_explode_stop_the_run_at_the_step_and_keep_the_last_good_checkpoint()
    {
        Recipe wild = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { LearningRate = 1e30, ClipGradient = null },
            Schedule = new() { Form = "constant", WarmupEpochs = 0 },
        };

        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(() =>
            TinyRun.Start(wild, _folder["run"]));

        Assert.Contains("(epoch 1)", error.Message, StringComparison.Ordinal);
        Assert.Contains("parameter group '", error.Message, StringComparison.Ordinal);
        Assert.Contains("last good checkpoint is", error.Message, StringComparison.Ordinal);
        using CheckpointReader kept = CheckpointReader.Open(new RunDirectory(_folder["run"]).LastCheckpoint);
        Assert.True(kept.Head.State.Step >= 1);
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        string[] checksums = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Threads = threads },
                Data = TinyRun.Recipe.Data with { Workers = threads } };
            return string.Join(',',
                RunLog.ReadEvents(TinyRun.Start(recipe, _folder[$"run{threads}"]))
                    .Select(entry => $"{entry.TrainLoss:R} {entry.GradientNorm:R} {entry.ValLoss:R}"));
        })];
        Assert.Single(checksums.Distinct());
    }

    [Fact]
    public void A_directory_with_a_run_is_not_used_for_another_one()
    {
        File.WriteAllText(_folder["config.yaml"], "");
        string message = Assert.Throws<UsageException>(() =>
            RunDirectory.Create(_folder.Path, "m", "d", DateTime.UnixEpoch)).Message;
        Assert.Contains("`resume`", message, StringComparison.Ordinal);
    }
}
