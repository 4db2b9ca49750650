using System.Diagnostics;

namespace Fovea.Cli.Tests;

/// <summary>Pipes, devices and folders where files are meant, and files of runs that cannot be read.</summary>
public sealed class OtherFilesTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void What_is_no_file_is_refused_at_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes among files");
        string pipe = Path.Combine(_shell.Folder, "pipe"), run = Path.Combine(_shell.Folder, "run");
        using (Process make = Process.Start("mkfifo", [pipe])) make.WaitForExit();
        string link = Path.Combine(_shell.Folder, "link");
        File.CreateSymbolicLink(link, pipe);
        Directory.CreateDirectory(run);
        using (Process make = Process.Start("mkfifo", [Path.Combine(run, "config.yaml")])) make.WaitForExit();
        string cifar = Path.Combine(_shell.Folder, "cifar");
        Directory.CreateDirectory(cifar);
        foreach (string name in (string[])["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
            "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"])
            using (Process make = Process.Start("mkfifo", [Path.Combine(cifar, name)])) make.WaitForExit();

        foreach ((string path, string kind) in ((string, string)[])
            [(pipe, "a named pipe"), (link, "a named pipe"), ("/dev/zero", "a device"), (_shell.Folder, "a folder")])
        {
            foreach (string[] command in (string[][])[["train", "--recipe", path], ["compare", path],
                ["estimate", "--devices-file", path, "--device", "x"]])
            {
                Assert.NotEqual(0, _shell.Run(command));
                Assert.Contains($"this is {kind}, not a file", _shell.Error, StringComparison.Ordinal);
            }

            if (kind == "a folder") continue;
            foreach (string[] command in (string[][])[["weights", path], ["eval", path], ["train", "--weights", path],
                ["train", "--dataset", "csv", "--data", path], ["train", "--data", path, "--dataset", "folder"]])
            {
                Assert.NotEqual(0, _shell.Run(command));
                Assert.DoesNotContain("defect", _shell.Error, StringComparison.Ordinal);
            }
        }

        Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder));
        Assert.Contains("this is a named pipe, not a file", _shell.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, _shell.Run("train", "--data", cifar, "--dataset", "cifar10"));
        Assert.Contains("a named pipe", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_cannot_be_read_hides_no_other()
    {
        string run = _shell.Train(), other = Path.Combine(_shell.Folder, "other");
        foreach ((string file, string content) in ((string, string)[])[("summary.json", "{\"epochs\":-1}"),
            ("summary.json", "[]"), ("config.yaml", "- 1"), ("config.yaml", "epochs: 1e9"), ("metrics.jsonl", "null")])
        {
            if (Directory.Exists(other)) Directory.Delete(other, recursive: true);
            Directory.CreateDirectory(other);
            foreach (string name in (string[])["config.yaml", "metrics.jsonl", "summary.json"])
                File.Copy(Path.Combine(run, name), Path.Combine(other, name));
            File.WriteAllText(Path.Combine(other, file), content);
            Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder));
            Assert.Contains(run, _shell.Output, StringComparison.Ordinal);
            Assert.Contains(other, _shell.Output, StringComparison.Ordinal);
        }

        File.Delete(Path.Combine(other, "metrics.jsonl"));
        Directory.CreateDirectory(Path.Combine(other, "metrics.jsonl"));
        Assert.Equal(0, _shell.Run("runs", "list", _shell.Folder));
        Assert.Contains(run, _shell.Output, StringComparison.Ordinal);
    }
}
