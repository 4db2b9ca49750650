using System.Diagnostics;
using System.Globalization;
using System.Text;
using Fovea.Training.Checkpoints;
using Fovea.Training.Runs;

namespace Fovea.Cli.Tests;

/// <summary>Memory that runs out while a run trains, in a process of its own with a limit.</summary>
[Trait("Category", "Slow")]
public sealed class OutOfMemoryTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_run_whose_memory_is_used_up_says_what_needs_less_and_goes_on_from_its_last_checkpoint()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "replaces a file that is in use");
        string data = Path.Combine(_shell.Folder, "data"), run = Path.Combine(_shell.Folder, "run");
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(Path.Combine(data, name));
            for (int i = 0; i < 8; i++)
                File.WriteAllText(Path.Combine(data, name, $"{i}.pgm"), $"P2 1 1 255 {i + (10 * (name[0] - 'a'))} ");
        }

        string[] training = ["train", "--data", data, "--model", "vit-nano", "--image-size", "8", "--batch-size", "4",
            "--checkpoint-every", "2", "--max-pixels", "500000000", "--quiet"];
        long limit = 2 * NeedOf([.. training, "--epochs", "2", "--out", run + "-before"], run + "-before");
        string image = Path.Combine(data, "a", "3.pgm"), large = Path.Combine(_shell.Folder, "large.pgm");
        Write(large, 2 * limit);
        string kept = File.ReadAllText(image), said;
        using (Process process = Start(limit, [.. training, "--epochs", "100000", "--out", run]))
        {
            try
            {
                Wait(process, Path.Combine(run, "checkpoints", "last.safetensors"));
                File.Move(large, image, overwrite: true);   // an image that takes more than there is
                said = process.StandardError.ReadToEnd();
                process.WaitForExit();
                Assert.True(process.ExitCode == 1, said);
            }
            finally
            {
                if (!process.HasExited) process.Kill();
            }
        }

        string line = Assert.Single(said.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("fovea: the memory (", line, StringComparison.Ordinal);
        foreach (string option in (string[])["--batch-size", "--image-size", "--workers", "--grad-accum",
            "--grad-checkpoint"])
            Assert.Contains(option, line, StringComparison.Ordinal);

        File.WriteAllText(image, kept);
        int epochs;
        using (CheckpointReader checkpoint = CheckpointReader.Open(
            Path.Combine(run, "checkpoints", "last.safetensors")))
            epochs = checkpoint.Head.State.Epoch + 1;
        Assert.True(_shell.Run("train", "--resume", run, "--epochs",
            epochs.ToString(CultureInfo.InvariantCulture), "--quiet") == 0, _shell.Error);
        Assert.Equal(epochs, RunRecord.Read(run).Summary!.Epochs);
    }

    /// <summary>Memory that the same training takes where there is enough.</summary>
    private static long NeedOf(string[] arguments, string run)
    {
        using Process process = Start(null, arguments);
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        return RunRecord.Read(run).Summary!.PeakMemoryBytes;
    }

    /// <summary>A colour image of so many bytes, which take no room on a disk.</summary>
    private static void Write(string path, long bytes)
    {
        const int Width = 12_000;
        byte[] head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"P6 {Width} {bytes / Width / 3} 255\n"));
        using FileStream file = File.Create(path);
        file.Write(head);
        file.SetLength(head.Length + (bytes / Width / 3 * Width * 3));
    }

    private static Process Start(long? limit, string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. arguments])
        {
            RedirectStandardError = true,
        };
        if (limit is long bytes) start.Environment["DOTNET_GCHeapHardLimit"] = bytes.ToString("x", null);
        return Process.Start(start)!;
    }

    private static void Wait(Process process, string file)
    {
        Stopwatch waiting = Stopwatch.StartNew();
        while (!File.Exists(file))
        {
            Assert.False(process.HasExited, "ended before its first checkpoint");
            Assert.True(waiting.Elapsed < TimeSpan.FromMinutes(3), "the run does not get on");
            Thread.Sleep(20);
        }
    }
}
