using Fovea.Core.Files;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Runs;

public sealed class RunDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("results.csv")]
    [InlineData("report.html")]
    [InlineData("figures/loss.png")]
    [InlineData("summary.json.tmp")]
    [InlineData("checkpoints/last.safetensors")]
    [InlineData("thesis.tex")]
    public void A_folder_with_files_of_others_is_left_alone(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], "mine");
        string message = Assert.Throws<UsageException>(() => TrainingRun.Start(
            TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Out = _folder.Path } }, new SilentObserver(),
            CancellationToken.None, TinyRun.Images)).Message;
        Assert.Contains($"holds '{name.Split('/')[0]}'", message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder[name]));
        Assert.Single(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_folder_that_a_run_was_killed_in_at_once_is_free()
    {
        Directory.CreateDirectory(_folder["checkpoints"]);
        File.WriteAllText(_folder[".lock"], "");
        File.WriteAllText(_folder[".owner"], "");
        File.WriteAllText(_folder["config.yaml.0123abcd-17-0123abcd.tmp"], "mod");
        RunDirectory.Create(_folder.Path, "m", "d", DateTime.UnixEpoch);
    }

    [Fact]
    public void A_file_is_no_directory()
    {
        File.WriteAllText(_folder["file"], "mine");
        Assert.Contains("is no directory", Assert.Throws<UsageException>(
            () => RunDirectory.Create(_folder["file"], "m", "d", DateTime.UnixEpoch)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Only_one_process_trains_a_run()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder.Path);
        byte[] before = File.ReadAllBytes(run.LastCheckpoint);
        using DirectoryLock other = run.Take();
        Assert.Contains("another process works on the run", Assert.Throws<UsageException>(() => TrainingRun.Resume(
            run.Path, recipe => recipe, new SilentObserver(), CancellationToken.None, TinyRun.Images)).Message,
            StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(run.LastCheckpoint));
    }

    [Fact]
    public void A_run_without_a_checkpoint_begins_again_when_resumed()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Run = TinyRun.Recipe.Run with { Out = _folder["run"] }
        };
        RunSummary whole = TrainingRun.Start(recipe, new SilentObserver(), CancellationToken.None, TinyRun.Images);
        RunDirectory run = new(_folder["run"]);
        File.Delete(run.LastCheckpoint);
        File.Delete(run.Summary);   // killed before its first checkpoint
        RunSummary again = TrainingRun.Resume(run.Path, old => old, new SilentObserver(), CancellationToken.None,
            TinyRun.Images);
        Assert.Equal((whole.Steps, whole.TestLoss), (again.Steps, again.TestLoss));
    }
}
