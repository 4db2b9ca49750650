using System.Diagnostics;
using Fovea.Training.Checkpoints;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Cli.Tests;

/// <summary>What only a process of its own can show: signals.</summary>
[Trait("Category", "Slow")]
public sealed class ProcessTests : IDisposable
{
    private static readonly string[] Training = [.. Shell.TinyTraining, "--epochs", "40", "--checkpoint-every", "2", "--log-every", "1", "--ema", "0.9"];
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
    [InlineData("INT")]
    [InlineData("TERM")]
    public void A_signal_ends_the_step_saves_and_exits_with_130(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send");
        Assert.SkipWhen(signal == "INT" && IgnoresInterrupts(), "started with SIGINT ignored, as shells do for background jobs; children inherit that");
        string run = Path.Combine(_shell.Folder, "run");
        using Process process = Start(run);
        WaitForSteps(run, 4);
        using (Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"])) kill.WaitForExit();
        process.WaitForExit();

        Assert.Equal(130, process.ExitCode);
        Assert.Contains($"all is saved: go on with 'fovea train --resume {run}'", process.StandardError.ReadToEnd(), StringComparison.Ordinal);
        using CheckpointReader checkpoint = CheckpointReader.Open(Path.Combine(run, "checkpoints", "last.safetensors"));
        Assert.True(checkpoint.Head.State.Step >= 4);
    }

    /// <summary>Bit 1 of the mask of ignored signals is SIGINT.</summary>
    private static bool IgnoresInterrupts() =>
        File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is string mask
        && (Convert.ToUInt64(mask[7..].Trim(), 16) & 2) != 0;

    private static Process Start(string run) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. WithoutRepeats(), "--out", run, "--quiet"]) { RedirectStandardError = true })!;

    /// <summary>The last of options that are given twice.</summary>
    private static string[] WithoutRepeats() =>
        ["train", .. Training.Skip(1).Chunk(2).GroupBy(pair => pair[0]).SelectMany(group => group.Last())];

    private static void WaitForSteps(string run, int steps)
    {
        string log = Path.Combine(run, "metrics.jsonl"), checkpoint = Path.Combine(run, "checkpoints", "last.safetensors");
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
