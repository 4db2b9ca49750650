using System.Diagnostics;
using Fovea.Cli.Tests.Commands;
using Fovea.Training.Checkpoints;
using Fovea.Training.Runs;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Cli.Tests;

/// <summary>What only a process of its own can show: signals.</summary>
[Trait("Category", "Slow")]
public sealed class ProcessTests : IDisposable
{
    private static readonly string[] Training = [.. Shell.TinyTraining, "--epochs", "40", "--checkpoint-every", "2",
        "--log-every", "1", "--ema", "0.9"];
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_run_that_is_killed_in_the_middle_of_an_epoch_and_resumed_ends_with_the_same_bits()
    {
        string whole = Path.Combine(_shell.Folder, "whole"), parts = Path.Combine(_shell.Folder, "parts");
        using (Process process = Start(parts))
        {
            WaitForSteps(parts, 20);
            process.Kill();
            process.WaitForExit();
        }

        Assert.True(_shell.Run("train", "--resume", parts, "--quiet") == 0, _shell.Error);
        Assert.Equal(0, _shell.Run([.. WithoutRepeats(), "--out", whole, "--quiet"]));
        Assert.Equal(Tensors(whole), Tensors(parts));
    }

    [Theory]
    [InlineData("INT", "interrupted after step", 130)]
    [InlineData("TERM", "interrupted by SIGTERM after step", 143)]
    [InlineData("HUP", "interrupted by SIGHUP after step", 129)]
    [InlineData("USR1", "interrupted by SIGUSR1 after step", 138)]
    public void A_signal_ends_the_step_saves_and_exits_with_its_code(string signal, string said, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send");
        Assert.SkipWhen(Ignores(signal),
            $"started with SIG{signal} ignored, as shells do for background jobs and nohup; children inherit that");
        string run = Path.Combine(_shell.Folder, "run");
        using Process process = Start(run);
        WaitForSteps(run, 4);
        Signal(process, signal);
        process.WaitForExit();

        if (signal == "USR1" && !OperatingSystem.IsLinux()) code = 158;
        Assert.Equal(code, process.ExitCode);
        string line = Assert.Single(process.StandardError.ReadToEnd().TrimEnd().Split('\n'));
        Assert.StartsWith($"fovea: {said} ", line, StringComparison.Ordinal);
        Assert.EndsWith($"; all is saved: go on with 'fovea train --resume {run}'.", line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(run, "checkpoints"), "*.tmp"));
        using CheckpointReader checkpoint = CheckpointReader.Open(Path.Combine(run, "checkpoints", "last.safetensors"));
        Assert.StartsWith($"fovea: {said} {checkpoint.Head.State.Step};", line, StringComparison.Ordinal);
        Assert.InRange(checkpoint.Head.State.Step, 3, 119);   // the log has lines of epochs, too
    }

    [Fact]
    public void What_has_nothing_to_save_ends_at_the_first_signal()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send");
        using Process process = Launch("bench", "--model", "vit", "--seconds", "600");
        Thread.Sleep(TimeSpan.FromSeconds(5));
        using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) kill.WaitForExit();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "the signal was not heard");
        Assert.Equal(143, process.ExitCode);
    }

    [Theory]
    [InlineData("TERM", "TERM", 143)]
    [InlineData("USR1", "TERM", null)]   // an announcement, and what it announced: the step is finished
    public void A_second_signal_ends_at_once_unless_the_first_only_announced_it(string first, string second, int? code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send");
        string run = Path.Combine(_shell.Folder, "run");
        using Process process = Launch("train", "--model", "vit_small_patch16_224", "--image-size", "96",
            "--patch-size",
            "8", "--batch-size", "96", "--train-limit", "96", "--eval-limit", "20", "--epochs", "1", "--workers", "1",
            "--out", run, "--quiet");
        try
        {
            Assert.True(WaitFor(() => File.Exists(Path.Combine(run, "results.csv"))), "the run does not begin");
            Thread.Sleep(1500);   // a step takes several seconds
            Signal(process, first);
            Thread.Sleep(600);
            Assert.False(process.HasExited);
            Signal(process, second);
            if (code is null)
            {
                Assert.False(process.WaitForExit(500));
                return;
            }

            Assert.True(process.WaitForExit(1500), "the second signal was not heard");
            Assert.Equal(code, process.ExitCode);
            Assert.Equal($"fovea: SIG{second} came again; ends without saving.\n", process.StandardError.ReadToEnd());
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [Fact]
    public void A_study_that_is_killed_goes_on_within_its_cell_and_redoes_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a process that dies at once");
        string study = Path.Combine(_shell.Folder, "study.yaml"), parts = Path.Combine(_shell.Folder, "parts");
        string whole = Path.Combine(_shell.Folder, "whole");
        File.WriteAllText(study,
            CompareCommandTests.Tiny.Replace("epochs: 2", "epochs: 40, checkpoint-every: 1", StringComparison.Ordinal));
        string first = Path.Combine(parts, "cells", "softmax_seed=3");
        string second = Path.Combine(parts, "cells", "linear_seed=3");
        using (Process process = Launch("compare", study, "--out", parts, "--quiet"))
        {
            WaitForSteps(second, 6);
            process.Kill();   // the study alone: its cell has to notice
            process.WaitForExit();
        }

        Assert.False(File.Exists(Path.Combine(second, "summary.json")),
            "the cell was done before the study could be killed");
        string log = Path.Combine(second, "metrics.jsonl");
        int lines = WaitForRest(log);
        DateTime finished = File.GetLastWriteTimeUtc(Path.Combine(first, "predictions.csv"));
        Assert.True(_shell.Run("compare", study, "--out", parts) == 0, _shell.Error);
        Assert.Contains("linear, seed 3: goes on", _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("softmax, seed 3: epoch", _shell.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("linear, seed 3: epoch 1/", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(finished, File.GetLastWriteTimeUtc(Path.Combine(first, "predictions.csv")));
        Assert.True(File.ReadAllLines(log).Length > lines);

        Assert.True(_shell.Run("compare", study, "--out", whole, "--quiet") == 0, _shell.Error);
        Assert.Equal(Tensors(Path.Combine(whole, "cells", "linear_seed=3")), Tensors(second));
    }

    [Fact]
    public void A_study_stands_still_and_goes_on_and_its_bits_are_the_same()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks at processes through /proc");
        string study = Path.Combine(_shell.Folder, "study.yaml"),
            paused = Path.Combine(_shell.Folder, "studies/paused");
        string whole = Path.Combine(_shell.Folder, "whole");
        File.WriteAllText(study, CompareCommandTests.Tiny
            .Replace("epochs: 2", "epochs: 40, checkpoint-every: 1", StringComparison.Ordinal)
            .Replace("[softmax, linear]", "[softmax]", StringComparison.Ordinal));
        string cell = Path.Combine(paused, "cells", "softmax_seed=3"), log = Path.Combine(cell, "metrics.jsonl");
        Stopwatch still = new();
        using (Process process = Launch("compare", study, "--out", paused, "--quiet"))
        {
            try
            {
                WaitForSteps(cell, 6);
                Signal(process, "TSTP");
                still.Start();
                WaitForRest(log);
                Assert.Equal("T", StateOf(Path.Combine(cell, "recipe.yaml")).Single()[2]);
                Assert.Equal(0, _shell.Run("runs", "list", Path.GetDirectoryName(paused)!));
                Assert.Contains("paused: paused, 0 of 1 cell finished; softmax, seed 3: epoch", _shell.Output,
                    StringComparison.Ordinal);
                while (still.Elapsed < TimeSpan.FromSeconds(10)) Thread.Sleep(100);
                still.Stop();
                Signal(process, "CONT");
                process.WaitForExit();
                Assert.Equal(0, process.ExitCode);
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
            }
        }

        Assert.Equal(0, _shell.Run("runs", "list", Path.GetDirectoryName(paused)!));
        Assert.Contains("paused: finished, 1 of 1 cell finished", _shell.Output, StringComparison.Ordinal);
        Assert.True(_shell.Run("compare", study, "--out", whole, "--quiet") == 0, _shell.Error);
        Assert.Equal(Tensors(Path.Combine(whole, "cells", "softmax_seed=3")), Tensors(cell));

        // Time that it stood still is not time of the run.
        double[] seconds = [.. RunLog.ReadEvents(new RunDirectory(cell)).Select(entry => entry.Seconds ?? 0)];
        Assert.All(seconds.Skip(1).Zip(seconds, (now, before) => now - before),
            step => Assert.InRange(step, 0, still.Elapsed.TotalSeconds / 2));
    }

    [Fact]
    public void Cells_of_an_idle_study_have_a_session_of_the_lowest_priority()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks at processes through /proc");
        string study = Path.Combine(_shell.Folder, "study.yaml"), directory = Path.Combine(_shell.Folder, "idle");
        File.WriteAllText(study,
            CompareCommandTests.Tiny.Replace("epochs: 2", "epochs: 400", StringComparison.Ordinal));
        string recipe = Path.Combine(directory, "cells", "softmax_seed=3", "recipe.yaml");
        using Process process = Launch("compare", study, "--out", directory, "--quiet", "--idle");
        try
        {
            Stopwatch waiting = Stopwatch.StartNew();
            string[]? state;
            // such a process begins slowly where others work: it leads its session only when it runs
            while ((state = StateOf(recipe).FirstOrDefault()) is null || state[5] != state[0])
            {
                Assert.True(waiting.Elapsed < TimeSpan.FromMinutes(4), "the cell does not begin");
                Thread.Sleep(100);
            }

            Assert.Equal("19", state[18]);
            string group = $"/proc/{state[0]}/autogroup";
            if (File.Exists(group) && Read("/proc/sys/kernel/sched_autogroup_enabled").Trim() == "1")
                Assert.True(WaitFor(() => Read(group).Contains("nice 19", StringComparison.Ordinal)), Read(group));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static bool WaitFor(Func<bool> holds)
    {
        for (int i = 0; i < 600 && !holds(); i++) Thread.Sleep(100);
        return holds();
    }

    /// <summary>Fields of <c>/proc/PID/stat</c> of the process that trains a recipe: number, name, state, ...</summary>
    private static IEnumerable<string[]> StateOf(string recipe) => Directory.GetDirectories("/proc")
        .Where(folder => int.TryParse(Path.GetFileName(folder), out _))
        .Where(folder => Read(Path.Combine(folder, "cmdline")).Split('\0') is var words
            && words.Contains(recipe) && words.Contains("cell"))
        .Select(folder => Read(Path.Combine(folder, "stat")).Split(' ')).Where(state => state.Length > 18);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";   // ended meanwhile
        }
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until nothing is written any more; how many lines there are then.</summary>
    private static int WaitForRest(string log)
    {
        int before, now = -1;
        do
        {
            before = now;
            Thread.Sleep(1000);
            now = File.ReadAllLines(log).Length;
        }
        while (now != before);
        return now;
    }

    private static Process Launch(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. arguments])
        { RedirectStandardError = true })!;

    /// <summary>Tells by the mask of ignored signals: bit 0 is SIGHUP, bit 1 SIGINT.</summary>
    private static bool Ignores(string signal) => signal is "HUP" or "INT"
        && File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status")
        .FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is string mask
        && (Convert.ToUInt64(mask[7..].Trim(), 16) & (signal == "HUP" ? 1UL : 2UL)) != 0;

    private static Process Start(string run) => Launch([.. WithoutRepeats(), "--out", run, "--quiet"]);

    /// <summary>The last of options that are given twice.</summary>
    private static string[] WithoutRepeats() =>
        ["train", .. Training.Skip(1).Chunk(2).GroupBy(pair => pair[0]).SelectMany(group => group.Last())];

    private static void WaitForSteps(string run, int steps)
    {
        string log = Path.Combine(run, "metrics.jsonl");
        string checkpoint = Path.Combine(run, "checkpoints", "last.safetensors");
        Stopwatch waiting = Stopwatch.StartNew();
        while (!File.Exists(checkpoint) || File.ReadAllLines(log).Length < steps)
        {
            Assert.True(waiting.Elapsed < TimeSpan.FromMinutes(3), "the run does not get on");
            Thread.Sleep(20);
        }
    }

    private static Dictionary<string, float[]> Tensors(string run)
    {
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(run, "checkpoints", "last.safetensors"));
        Dictionary<string, float[]> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) file.Read(entry, tensors[entry.Name] = new float[entry.Count]);
        return tensors;
    }
}
