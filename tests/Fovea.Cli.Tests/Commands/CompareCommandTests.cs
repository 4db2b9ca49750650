using System.Diagnostics;
using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class CompareCommandTests : IDisposable
{
    internal const string Tiny =
        """
        name: tiny
        base: { dataset: shapes, model: vit-nano, image-size: 8, train-limit: 40, eval-limit: 20, batch-size: 16,
          epochs: 2, log-every: 1 }
        vary: { attention: [softmax, linear] }
        seeds: [3]
        """;

    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_study_runs_from_one_command_and_its_second_time_does_nothing()
    {
        (string study, string directory) = (Write(Tiny), Path.Combine(_shell.Folder, "out"));
        Assert.True(_shell.Run("compare", study, "--out", directory, "--jobs", "2") == 0, _shell.Error);
        Assert.Contains("softmax, seed 3: epoch 2/2", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("[2/2]", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("to the best", _shell.Output, StringComparison.Ordinal);
        foreach (string name in (string[])["study.html", "study.csv", "study.md", "study.json",
            "cells/softmax_seed=3/summary.json", "cells/linear_seed=3/report.html"])
            Assert.True(File.Exists(Path.Combine(directory, name)), name);

        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(directory, "cells/softmax_seed=3/metrics.jsonl"));
        Assert.True(_shell.Run("compare", study, "--out", directory, "--json") == 0, _shell.Error);
        using JsonDocument json = JsonDocument.Parse(_shell.Output);
        Assert.True(json.RootElement.GetProperty("complete").GetBoolean());
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(directory, "cells/softmax_seed=3/metrics.jsonl")));

        // A cell is what 'train' would have made of the same options.
        string alone = Path.Combine(_shell.Folder, "alone");
        Assert.Equal(0, _shell.Run(
            [.. Shell.TinyTraining, "--seed", "3", "--attention", "linear", "--dataset", "shapes", "--out", alone,
                "--quiet"]));
        Assert.Equal(File.ReadAllText(Path.Combine(alone, "predictions.csv")),
            File.ReadAllText(Path.Combine(directory, "cells/linear_seed=3/predictions.csv")));
        Assert.Equal(0, _shell.Run("runs", "diff", alone, Path.Combine(directory, "cells/linear_seed=3"), "--json"));
        using JsonDocument difference = JsonDocument.Parse(_shell.Output);
        string[] options = [.. difference.RootElement.GetProperty("options").EnumerateArray()
            .Select(one => one.GetProperty("name").GetString()!)];
        Assert.Subset(new HashSet<string> { "threads", "log-every" }, options.ToHashSet());

        // Another budget makes the cells stale.
        Assert.Equal(2, _shell.Run("compare", study, "--out", directory, "--epochs", "3"));
        Assert.Contains("linear_seed=3: epochs (was 2, is now 3)", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_studies_are_carried_out_one_after_the_other_each_in_its_folder()
    {
        string first = Write(Tiny), second = Path.Combine(_shell.Folder, "second.yaml"),
            directory = Path.Combine(_shell.Folder, "all");
        File.WriteAllText(second, Tiny.Replace("name: tiny", "name: other", StringComparison.Ordinal)
            .Replace("[softmax, linear]", "[linear]", StringComparison.Ordinal));
        Assert.True(_shell.Run("compare", first, second, "--out", directory, "--json") == 0, _shell.Error);
        using JsonDocument json = JsonDocument.Parse(_shell.Output);
        Assert.Equal(["tiny", "other"],
            json.RootElement.EnumerateArray().Select(study => study.GetProperty("name").GetString()));
        Assert.Equal(2, Directory.GetDirectories(Path.Combine(directory, "tiny", "cells")).Length);
        Assert.Single(Directory.GetDirectories(Path.Combine(directory, "other", "cells")));

        Assert.Equal(2, _shell.Run("compare", first, first, "--out", directory));
        Assert.Contains("have one name, 'tiny'", _shell.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base: {epochs: 2}\nvari: {model: [vit]}",
        "line 2, column 1: a study has no key 'vari'; did you mean 'vary'?")]
    [InlineData("base: {dataset: shapes}\nvary: {model: [vit-nano], patch-size: [5]}",
        "1 of 1 configurations cannot be trained; nothing was started.")]
    [InlineData("base: {dataset: mnist}\nvary: {model: [vit-nano]}", "say where its files lie (--data DIR)")]
    [InlineData("base: {dataset: shapes, weights: nowhere}", "neither a file nor a directory 'nowhere'")]
    public void A_wrong_study_is_refused_before_anything_is_made(string yaml, string message)
    {
        string directory = Path.Combine(_shell.Folder, "out");
        Assert.Equal(2, _shell.Run("compare", Write(yaml), "--out", directory));
        Assert.Contains(message, _shell.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", _shell.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public void A_cell_that_cannot_be_read_is_named_by_the_study_and_by_the_list_of_runs()
    {
        (string study, string directory) = (Write(Tiny), Path.Combine(_shell.Folder, "out"));
        Assert.True(_shell.Run("compare", study, "--out", directory, "--quiet") == 0, _shell.Error);
        string summary = Path.Combine(directory, "cells/softmax_seed=3/summary.json");
        File.WriteAllText(summary, "{");
        Assert.Equal(1, _shell.Run("compare", study, "--out", directory));
        Assert.StartsWith($"fovea: softmax, seed 3: {summary}: not the summary of a run", _shell.Error,
            StringComparison.Ordinal);
        Assert.Contains("'softmax, seed 3' cannot be read and is left out: ", _shell.Output, StringComparison.Ordinal);
        Assert.Matches("linear +1/1", _shell.Output);
        Assert.Equal(0, _shell.Run("runs", "list", directory));
        Assert.Contains($"{summary}: not the summary", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("linear_seed=3", _shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_ends_the_study_with_the_file_and_the_reason_and_the_same_command_goes_on()
    {
        (string study, string directory) = (Write(Tiny), Path.Combine(_shell.Folder, "out"));
        string checkpoints = Path.Combine(directory, "cells/softmax_seed=3/checkpoints");
        Directory.CreateDirectory(checkpoints);
        Assert.SkipUnless(Succeeds("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", checkpoints),
            "needs the right to mount a small file system");
        int code;
        try
        {
            code = _shell.Run("compare", study, "--out", directory);
        }
        finally
        {
            Assert.True(Succeeds("umount", checkpoints));
        }

        Assert.True(code == 1, _shell.Error + _shell.Output);
        Assert.Contains("best.safetensors: could not be saved", _shell.Error, StringComparison.Ordinal);
        Assert.Contains("No space left on device", _shell.Error, StringComparison.Ordinal);
        // the others would have failed, too
        Assert.False(Directory.Exists(Path.Combine(directory, "cells/linear_seed=3")));

        Assert.True(_shell.Run("compare", study, "--out", directory, "--quiet") == 0, _shell.Error);
        Assert.True(File.Exists(Path.Combine(directory, "cells/linear_seed=3/summary.json")));
    }

    private static bool Succeeds(string program, params string[] arguments)
    {
        if (!OperatingSystem.IsLinux()) return false;
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
        })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private string Write(string yaml)
    {
        string path = Path.Combine(_shell.Folder, "study.yaml");
        File.WriteAllText(path, yaml);
        return path;
    }
}
