using System.Diagnostics;
using Fovea.Training.Checkpoints;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Cli.Tests.Hosts;

/// <summary>Ranks on several machines: namespaces of this one's network, with a cable each (<c>hosts.sh</c>).</summary>
[Trait("Category", "Slow")]
public sealed class HostsTests : IDisposable
{
    private const string Silence = "4";   // seconds
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Hosts", "hosts.sh");

    private readonly Shell _shell = new();
    private readonly string _name = $"fovea{Environment.ProcessId}";
    private bool _isUp;

    public void Dispose()
    {
        if (_isUp) Run("down", _name);
        _shell.Dispose();
    }

    [Fact]
    public void A_cable_that_is_pulled_ends_the_job_and_fewer_ranks_go_on_to_the_bits_of_one()
    {
        RequireHosts(3);
        string[] training = [.. Shell.TinyTraining.TakeWhile(word => word != "--epochs"), "--epochs", "40",
            "--checkpoint-every", "2", "--shards", "3", "--track", "none", "--threads", "1", "--quiet"];
        string whole = Path.Combine(_shell.Folder, "whole"), parts = Path.Combine(_shell.Folder, "parts");
        Assert.True(_shell.Run([.. training, "--out", whole]) == 0, _shell.Error);

        using Job job = Start(3, [.. training, "--out", parts]);
        string last = Path.Combine(parts, "checkpoints", "last.safetensors");
        WaitFor(() => File.Exists(last) || job.Code is not null, Patience);
        Assert.True(job.Code is null, job.Code is null ? "" : job.Said);
        Thread.Sleep(500);
        Run("cut", _name, "3");
        long cut = Stopwatch.GetTimestamp();
        WaitFor(() => Enumerable.Range(1, 3).All(host => Run("count", _name, $"{host}").Trim() == "0"), Patience);
        TimeSpan took = Stopwatch.GetElapsedTime(cut);
        job.WaitForEnd();

        Assert.NotEqual(0, job.Code);
        string[] lines = [.. job.Said.Split('\n').Where(line => line.Contains("fovea: "))];
        Assert.True(lines.Length == 1, string.Join('\n', lines));
        string line = lines[0];
        Assert.Contains("fovea: rank 0 of 3: rank 2 on host3 was not heard of for ", line, StringComparison.Ordinal);
        Assert.True(took < Longest, $"{took}");
        int step;
        using (CheckpointReader checkpoint = CheckpointReader.Open(last)) step = checkpoint.Head.State.Step;
        Assert.InRange(step, 1, 119);

        using Job rest = Start(2, "train", "--resume", parts, "--quiet");
        rest.WaitForEnd();
        Assert.True(rest.Code == 0, rest.Said);
        Assert.Equal(Tensors(whole), Tensors(parts));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"all ended {took.TotalSeconds:0.0} s after the cut, at step {step}");
    }

    /// <summary>Starts ranks on the first hosts, one each, over TCP.</summary>
    private Job Start(int ranks, params string[] arguments)
    {
        ProcessStartInfo start = new(Script, ["exec", _name, "1", "mpirun.openmpi", "--allow-run-as-root", "-np",
            $"{ranks}", "--host", string.Join(',', Enumerable.Range(1, ranks).Select(host => $"10.77.0.{host}")),
            "--mca", "plm_rsh_agent", $"{Script} agent {_name}", "--mca", "pml", "ob1", "--mca", "btl", "tcp,self",
            "-x", "FOVEA_RANK_TIMEOUT", "-x", "DOTNET_EnableDiagnostics", "dotnet",
            Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["TMPDIR"] = Directory.CreateDirectory(Path.Combine(_shell.Folder, "tmp")).FullName;
        start.Environment["FOVEA_RANK_TIMEOUT"] = Silence;
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        return new Job(Process.Start(start)!);
    }

    private void RequireHosts(int count)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs namespaces of Linux");
        Assert.SkipUnless(File.Exists("/usr/bin/mpirun.openmpi"), "there is no Open MPI: apt-get install openmpi-bin");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        _isUp = true;
        // Delay and loss where the kernel has them.
        if (Try("up", _name, $"{count}", "2ms", "0.1%").Code == 0) return;
        Try("down", _name);
        (int code, string said) = Try("up", _name, $"{count}");
        Assert.SkipUnless(code == 0, $"network namespaces cannot be used here: {said.Trim()}");
        TestContext.Current.TestOutputHelper?.WriteLine("without delay and loss: the kernel has no netem");
    }

    private static string Run(params string[] arguments)
    {
        (int code, string said) = Try(arguments);
        Assert.True(code == 0, $"hosts.sh {arguments[0]}: {said}");
        return said;
    }

    private static (int Code, string Said) Try(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Script, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output + error.Result);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return (-1, error.Message);
        }
    }

    private static void WaitFor(Func<bool> holds, TimeSpan patience)
    {
        Stopwatch waiting = Stopwatch.StartNew();
        while (!holds())
        {
            Assert.True(waiting.Elapsed < patience, "waits for ever");
            Thread.Sleep(50);
        }
    }

    private static Dictionary<string, float[]> Tensors(string run)
    {
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(run, "checkpoints", "last.safetensors"));
        Dictionary<string, float[]> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) file.Read(entry, tensors[entry.Name] = new float[entry.Count]);
        return tensors;
    }

    /// <summary>A launcher, and what it says.</summary>
    private sealed class Job(Process process) : IDisposable
    {
        private readonly Task<string> _output = process.StandardOutput.ReadToEndAsync();
        private readonly Task<string> _error = process.StandardError.ReadToEndAsync();

        /// <summary>Exit code; null while it runs.</summary>
        public int? Code => process.HasExited ? process.ExitCode : null;

        /// <summary>All that it said; waits for its end.</summary>
        public string Said => _output.Result + _error.Result;

        public void WaitForEnd() => Assert.True(process.WaitForExit(Patience), "the job does not come to an end");

        public void Dispose()
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.Dispose();
        }
    }
}
