using Fovea.Nn;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Checkpoints;

public sealed class RunCheckpointsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1, 1, "")]
    [InlineData(3, 1, "7 8 9")]
    [InlineData(2, 2, "8 9")]      // inside epochs (2, 4, 8), and at the ends of them (3, 6, 9)
    [InlineData(20, 2, "2 3 4 6 8 9")]
    public void The_last_ones_are_kept_under_their_steps(int keep, int every, string steps)
    {
        RunDirectory run = TinyRun.Start(Keeping(keep, every), _folder["run"]);

        Assert.Equal(steps.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse), Steps(run));
        Assert.Equal(new[] { "best.safetensors", "last.safetensors" }.Concat(Steps(run).Select(step =>
            $"step-{step:D8}.safetensors")), Files(run));
        foreach ((int step, string path) in run.StepCheckpoints())
        {
            using CheckpointReader kept = CheckpointReader.Open(path);
            Assert.Equal(step, kept.Head.State.Step);
        }

        if (keep > 1)
            Assert.Equal(File.ReadAllBytes(run.LastCheckpoint), File.ReadAllBytes(run.StepCheckpoints()[0].Path));
    }

    [Fact]
    public void With_one_the_files_are_those_of_a_run_without_the_option()
    {
        RunDirectory run = TinyRun.Start(Keeping(3, 1), _folder["run"]);
        Assert.Equal(3, run.StepCheckpoints().Count);

        TinyRun.Resume(run.Path, recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { Epochs = 4 },
            Run = recipe.Run with { KeepCheckpoints = 1 },
        });

        Assert.Equal(["best.safetensors", "last.safetensors"], Files(run));
    }

    [Fact]
    public void A_checkpoint_holds_what_was_there_when_it_was_due()
    {
        RunDirectory run = RunDirectory.Create(_folder["run"], "m", "d", DateTime.UnixEpoch);
        TrainingParts parts = TrainingSetup.New(TinyRun.Recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        RunCheckpoints checkpoints = new(run, parts.Recipe.Run);
        NamedTensor weight = parts.Model.NamedState().First().Tensor;
        float[] Filled(int value) => [.. Enumerable.Repeat((float)value, weight.Shape.Elements)];
        for (int step = 1; step <= 3; step++)
        {
            parts.State.Step = step;
            weight.Value.CopyFrom(Filled(step));
            checkpoints.Save(new(parts.Recipe, parts.Info, parts.State), parts.Model, parts.Optimizer, parts.Average);
            parts.State.Step = -1;
            weight.Value.CopyFrom(Filled(-1));
            checkpoints.Wait();

            using CheckpointReader reader = CheckpointReader.Open(run.LastCheckpoint);
            reader.LoadWeights(parts.Model);
            Assert.Equal(Filled(step), weight.Value.ToArray());
            Assert.Equal(step, reader.Head.State.Step);
        }
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_ends_the_run_soon()
    {
        int steps = 0;
        SilentObserver breaking = new(progress =>
        {
            steps = progress.Step;
            if (steps != 2) return;
            Assert.True(SpinWait.SpinUntil(() => Files(new(_folder["run"])).SequenceEqual(["last.safetensors"]),
                10_000));
            Directory.Move(_folder["run/checkpoints"], _folder["elsewhere"]);
        });

        CheckpointException error = Assert.Throws<CheckpointException>(
            () => TinyRun.Start(Keeping(1, 1), _folder["run"], breaking));

        Assert.Contains("last.safetensors: could not be saved (nothing was there before)", error.Message,
            StringComparison.Ordinal);
        Assert.InRange(steps, 2, 3);
        using CheckpointReader kept = CheckpointReader.Open(_folder["elsewhere/last.safetensors"]);
        Assert.Equal(1, kept.Head.State.Step);
    }

    [Fact]
    public void An_interrupt_whose_checkpoint_cannot_be_written_says_so()
    {
        using CancellationTokenSource stop = new();
        SilentObserver breaking = new(progress =>
        {
            if (progress.Step != 2) return;
            Directory.Move(_folder["run/checkpoints"], _folder["elsewhere"]);
            stop.Cancel();
        });
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { CheckpointEvery = null } };
        Assert.Throws<CheckpointException>(() => TinyRun.Start(recipe, _folder["run"], breaking, stop));
    }

    [Fact]
    public void By_the_clock_there_are_checkpoints_inside_an_epoch()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Run = TinyRun.Recipe.Run with { CheckpointEvery = null, CheckpointMinutes = 1e-9, KeepCheckpoints = 100 },
        };
        SilentObserver slow = new(_ => Thread.Sleep(100));   // long enough to write one
        RunDirectory run = TinyRun.Start(recipe, _folder["run"], slow);
        Assert.Contains(Steps(run), step => step % 3 != 0);
        recipe = recipe with { Run = recipe.Run with { CheckpointMinutes = 60 } };
        run = TinyRun.Start(recipe, _folder["hourly"]);
        Assert.Equal([3, 6, 9], Steps(run));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void From_an_older_checkpoint_a_run_goes_on_to_the_same_bits(bool names)
    {
        RunDirectory whole = TinyRun.Start(Keeping(3, 1), _folder["whole"]), run = whole;
        byte[] end = File.ReadAllBytes(whole.LastCheckpoint);
        string older = whole.StepCheckpoint(7);
        File.Delete(run.LastCheckpoint);
        if (names)
        {
            // The newest one is the same file as the last one on this disk, so both are damaged.
            File.WriteAllBytes(run.LastCheckpoint, end[..(end.Length / 2)]);
            File.WriteAllBytes(run.StepCheckpoint(9), end[..(end.Length / 2)]);
            CheckpointException error = Assert.Throws<CheckpointException>(() => Go(run.Path));
            Assert.StartsWith(run.LastCheckpoint, error.Message, StringComparison.Ordinal);
            Assert.Equal($"An older checkpoint is whole: go on from it with `resume` {run.StepCheckpoint(8)} "
                + $"(older ones: {older}).", error.Remedy);
            Go(older);
        }
        else
        {
            File.Delete(run.StepCheckpoint(9));
            Go(run.Path);   // from step 8, the newest that is there
        }

        Assert.Equal(Weights(end), Weights(File.ReadAllBytes(run.LastCheckpoint)));
        Assert.Equal([7, 8, 9], Steps(run));
    }

    [Fact]
    public void Later_steps_than_the_one_that_a_run_goes_on_from_are_not_kept_for_newer_ones()
    {
        RunDirectory run = TinyRun.Start(Keeping(3, 1), _folder["run"]);
        bool isGone = false;
        SilentObserver looking = new(progress =>
        {
            // the checkpoint of step 8 is on its way or there, that of step 9 not begun
            if (progress.Step == 9) isGone = SpinWait.SpinUntil(() => !File.Exists(run.StepCheckpoint(9)), 10_000);
        });
        TrainingRun.Resume(run.StepCheckpoint(7), recipe => recipe, looking, CancellationToken.None, TinyRun.Images);
        Assert.True(isGone);
        Assert.Equal([7, 8, 9], Steps(run));
    }

    [Theory]
    [InlineData("run/checkpoints/best.safetensors")]
    [InlineData("last.safetensors")]
    public void Other_files_are_no_checkpoints_to_go_on_from(string name)
    {
        RunDirectory run = TinyRun.Start(Keeping(1, 1), _folder["run"]);
        if (!File.Exists(_folder[name])) File.Copy(run.LastCheckpoint, _folder[name]);
        UsageException error = Assert.Throws<UsageException>(() => Go(_folder[name]));
        Assert.Equal("resume", error.Field);
    }

    private static Recipe Keeping(int keep, int every) => TinyRun.Recipe with
    {
        Run = TinyRun.Recipe.Run with { CheckpointEvery = every, KeepCheckpoints = keep },
    };

    private static RunSummary Go(string path) => TrainingRun.Resume(path, recipe => recipe, new SilentObserver(),
        CancellationToken.None, TinyRun.Images);

    private static IEnumerable<int> Steps(RunDirectory run) => run.StepCheckpoints().Select(kept => kept.Step).Order();

    private static IEnumerable<string> Files(RunDirectory run) =>
        Directory.GetFiles(Path.GetDirectoryName(run.LastCheckpoint)!).Select(Path.GetFileName).Order()!;

    /// <summary>The tensors; the metadata has times.</summary>
    private static byte[] Weights(byte[] file) => file[(8 + (int)BitConverter.ToInt64(file))..];
}
