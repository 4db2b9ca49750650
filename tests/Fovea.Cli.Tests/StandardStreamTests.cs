using System.Diagnostics;
using System.Text.Json;

namespace Fovea.Cli.Tests;

/// <summary>Standard streams that are closed, full, or read by somebody who leaves: commands end with their code, and
/// runs keep their files.</summary>
[Trait("Category", "Slow")]
public sealed class StandardStreamTests(StandardStreamTests.TrainedRun trained)
    : IClassFixture<StandardStreamTests.TrainedRun>, IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData(">&-", 0)]
    [InlineData("2>&-", 0)]
    [InlineData("<&- >&- 2>&-", 0)]
    [InlineData(">/dev/full", 1)]
    [InlineData("2>/dev/full", 0)]
    [InlineData(">/dev/full 2>/dev/full", 1)]
    [InlineData("| head -c 1", 0)]
    public void Commands_end_with_their_code_and_runs_keep_their_files(string redirection, int code)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell and /dev/full");
        string run = trained.Path, next = Path.Combine(_shell.Folder, "next"), data = Images();
        string[][] commands = [[.. Shell.TinyTraining, "--out", next], ["predict", run, "--index", "0,1"], ["models"]];
        bool isEveryCommand = redirection is ">/dev/full" or "<&- >&- 2>&-" or "| head -c 1";
        if (isEveryCommand)
            commands = [.. commands, [.. Shell.TinyTraining, "--json", "--out", next + "-json"],
                ["predict", run, Path.Combine(data, "a", "0.pgm"), "--json"], ["runs", "list", _shell.Folder],
                ["runs", "show", run, "--json"], ["data", "inspect", data]];
        foreach (string[] command in commands)
        {
            (int ended, string said) = Run(command, redirection);
            Assert.True(ended == code, $"{command[0]} {redirection}: {ended}: {said}");
            if (redirection == ">/dev/full")
                Assert.Contains("the output could not be written: No space left on device", said,
                    StringComparison.Ordinal);
            else Assert.DoesNotContain("defect", said, StringComparison.Ordinal);
        }

        foreach (string made in (string[])(isEveryCommand ? [next, next + "-json"] : [next]))
        {
            Assert.Equal(File.ReadAllText(Path.Combine(run, "predictions.csv")),
                File.ReadAllText(Path.Combine(made, "predictions.csv")));
            foreach (string line in File.ReadAllLines(Path.Combine(made, "metrics.jsonl")))
                JsonDocument.Parse(line).Dispose();
            Assert.Equal(0, _shell.Run("eval", made));
        }
    }

    [Fact]
    public void A_failure_keeps_its_code_where_nobody_can_be_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell and /dev/full");
        string damaged = Path.Combine(_shell.Folder, "damaged");
        File.WriteAllText(damaged, "PK\u0003\u0004 nothing");
        foreach (string redirection in (string[])["2>&-", "2>/dev/full", ">&- 2>&- <&-"])
        {
            Assert.Equal(2, Run(["train", "--epochs", "0"], redirection).Code);
            Assert.Equal(1, Run(["weights", damaged], redirection).Code);
        }
    }

    [Fact]
    public void A_closed_input_is_an_empty_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs a shell");
        (int code, string said) = Run(["predict", trained.Path, "-"], "<&-");
        Assert.True(code == 1, said);
        Assert.Contains("standard input", said, StringComparison.Ordinal);
    }

    /// <summary>One run for all tests of the class; they read it only.</summary>
    public sealed class TrainedRun : IDisposable
    {
        private readonly Shell _shell = new();

        public TrainedRun() => Path = _shell.Train();

        public string Path { get; }

        public void Dispose() => _shell.Dispose();
    }

    private string Images()
    {
        string data = Path.Combine(_shell.Folder, "data");
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(Path.Combine(data, name));
            for (int i = 0; i < 3; i++)
                File.WriteAllText(Path.Combine(data, name, $"{i}.pgm"), $"P2 1 1 255 {i + (10 * (name[0] - 'a'))} ");
        }

        return data;
    }

    /// <summary>Runs the command in a process of its own; its code, and what reaches the streams that are
    /// open.</summary>
    private static (int Code, string Said) Run(string[] command, string redirection)
    {
        string script = $"dotnet \"$0\" \"$@\" {redirection}; exit ${{PIPESTATUS[0]}}";
        using Process process = Process.Start(new ProcessStartInfo("bash",
            ["-c", script, Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. command])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{command[0]} {redirection}: does not end");
        }

        return (process.ExitCode, output.Result + error);
    }
}
