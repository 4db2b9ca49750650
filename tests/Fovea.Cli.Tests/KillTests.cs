using System.Diagnostics;
using System.Globalization;
using Fovea.Training.Checkpoints;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Cli.Tests;

/// <summary>
/// Processes that are killed (SIGKILL) at random moments: whatever they were at, the checkpoint is whole, the run goes
/// on, and its end has the bits of one that nobody disturbed. <c>FOVEA_KILLS</c> sets how many are killed.
/// </summary>
[Trait("Category", "Slow")]
public sealed class KillTests : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Shell _shell = new();

    private static int? AskedKills => int.TryParse(Environment.GetEnvironmentVariable("FOVEA_KILLS"),
        CultureInfo.InvariantCulture, out int kills) ? kills : null;

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData(null, 1)]
    [InlineData("openmpi", 3)]
    [InlineData("mpich", 2)]
    public void A_run_that_is_killed_again_and_again_ends_with_the_bits_of_one_that_was_not(string? launcher, int ranks)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks at processes through /proc");
        int kills = AskedKills ?? (ranks == 1 ? 4 : 1);
        string[] training = [.. Shell.TinyTraining.TakeWhile(word => word != "--epochs"), "--epochs",
            $"{20 + 15 * kills}", "--log-every", "5", "--checkpoint-every", "1", "--keep-checkpoints", "3",
            "--track", "none", "--threads", "1", "--quiet", .. ranks > 1 ? ["--shards", "4"] : Array.Empty<string>()];
        string whole = Path.Combine(_shell.Folder, "whole"), parts = Path.Combine(_shell.Folder, "parts");
        Assert.True(_shell.Run([.. training, "--out", whole]) == 0, _shell.Error);

        using Job job = new(launcher, ranks, _shell.Folder);
        Random random = new(20260815 + ranks);
        int killed = 0, reached = 0, waited = 0;
        for (; killed < kills; killed++)
        {
            string last = Path.Combine(parts, "checkpoints", "last.safetensors");
            job.Start(File.Exists(Path.Combine(parts, "config.yaml")) ? ["train", "--resume", parts, "--quiet"]
                : [.. training, "--out", parts]);
            DateTime before = File.GetLastWriteTimeUtc(last);
            // One in five while it starts, the others while it trains: there is a checkpoint in every moment of those.
            bool starts = random.Next(5) == 0;
            int delay = random.Next(starts ? 1500 : 400);
            if (!starts)
            {
                job.WaitFor(() => File.GetLastWriteTimeUtc(last) > before);
                waited++;
            }

            Thread.Sleep(delay);
            if (job.HasEnded) break;
            if (job.Kill(random.Next(ranks)) is not TimeSpan took)
            {
                Assert.True(File.Exists(Path.Combine(parts, "predictions.csv")), "ended with 0, and is not complete");
                break;
            }

            Assert.True(took < Longest, $"{took} after rank was killed: {job.Said}");

            if (!File.Exists(last)) continue;
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(last)!, "*.safetensors"))
                using (CheckpointReader checkpoint = CheckpointReader.Open(file))   // throws where it is not whole
                    if (file == last) reached = AtLeast(reached, checkpoint.Head.State.Step);
        }

        Assert.True(killed > kills / 2, $"the run was over after {killed} kills: {job.Said}");
        Assert.True(reached >= waited, $"{reached} steps are left of {waited} that were saved");
        job.Start("train", "--resume", parts, "--quiet");
        Assert.True(job.End() == 0, job.Said);
        foreach (string name in (string[])["last", "best"]) Assert.Equal(Tensors(whole, name), Tensors(parts, name));
        Assert.Equal(Files(whole), Files(parts));   // no rest of a checkpoint that was being written
        TestContext.Current.TestOutputHelper?.WriteLine($"{killed} kills of {ranks} ranks, up to step {reached}");
    }

    private static int AtLeast(int before, int now)
    {
        Assert.True(now >= before, $"the last checkpoint is of step {now}, and was of {before}");
        return now;
    }

    private static IEnumerable<string> Files(string run) =>
        Directory.GetFiles(run, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(run, file))
            .Order();

    private static Dictionary<string, float[]> Tensors(string run, string name)
    {
        using SafetensorsReader file = SafetensorsReader.Open(Path.Combine(run, "checkpoints", $"{name}.safetensors"));
        Dictionary<string, float[]> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) file.Read(entry, tensors[entry.Name] = new float[entry.Count]);
        return tensors;
    }

    /// <summary>The command in processes of its own: one, or the ranks of a launcher.</summary>
    private sealed class Job(string? launcher, int ranks, string folder) : IDisposable
    {
        private readonly string _temporary = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        private readonly HashSet<string> _shared = [.. SharedMemory()];
        private Process? _process;
        private Task<string> _output = Task.FromResult(""), _error = Task.FromResult("");

        public bool HasEnded => _process!.HasExited;

        public string Said => _output.Result + _error.Result;

        public void Start(params string[] arguments)
        {
            string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "fovea.dll"), .. arguments];
            if (launcher is not null)
            {
                string program = $"/usr/bin/mpirun.{launcher}";
                Assert.SkipUnless(File.Exists(program), $"there is no {program}: apt-get install openmpi-bin mpich");
                string[] options = launcher == "openmpi" ? ["--allow-run-as-root", "--oversubscribe"] : [];
                command = [program, .. options, "-np", $"{ranks}", .. command];
            }

            _process?.Dispose();
            ProcessStartInfo start = new(command[0], command[1..])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            start.Environment["TMPDIR"] = _temporary;
            // the runtime's own pipes stay behind a killed process
            start.Environment["DOTNET_EnableDiagnostics"] = "0";
            _process = Process.Start(start)!;
            (_output, _error) = (_process.StandardOutput.ReadToEndAsync(), _process.StandardError.ReadToEndAsync());
        }

        /// <summary>Waits until something holds, or the job has ended.</summary>
        public void WaitFor(Func<bool> holds)
        {
            Stopwatch waiting = Stopwatch.StartNew();
            while (!holds() && !HasEnded)
            {
                Assert.True(waiting.Elapsed < Patience, "the run does not get on");
                Thread.Sleep(5);
            }
        }

        /// <summary>Kills a rank, or the process; the time until all has ended, of which nothing is left. Null where
        /// the work was done before.</summary>
        public TimeSpan? Kill(int rank)
        {
            long start = Stopwatch.GetTimestamp();
            if (launcher is null) _process!.Kill();
            else
            {
                int[] ids = [];
                WaitFor(() => (ids = [.. Processes().Where(id => RankOf(id) == rank)]).Length > 0);
                start = Stopwatch.GetTimestamp();
                foreach (int id in ids) Process.GetProcessById(id).Kill();
            }

            if (End() == 0) return null;
            return Stopwatch.GetElapsedTime(start);
        }

        public int End()
        {
            Assert.True(_process!.WaitForExit(Patience), "the job does not end");
            for (int i = 0; i < 50 && Processes().Count > 0; i++) Thread.Sleep(100);
            Assert.Empty(Processes());
            Assert.Empty(Directory.GetFileSystemEntries(_temporary));
            for (int i = 0; i < 50 && Abandoned().Any(); i++) Thread.Sleep(100);
            Assert.Empty(Abandoned());
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (_process is { HasExited: false }) _process.Kill(entireProcessTree: true);
            foreach (int id in Processes()) Process.GetProcessById(id).Kill();
            _process?.Dispose();
        }

        /// <summary>Processes that train in this test's folder.</summary>
        private List<int> Processes() => [.. from path in Directory.EnumerateDirectories("/proc")
            where int.TryParse(Path.GetFileName(path), out _)
            let words = Read(Path.Combine(path, "cmdline")).Split('\0')
            where Path.GetFileName(words[0]) == "dotnet"   // MPICH gives the whole path
                && words.Any(word => word.StartsWith(folder, StringComparison.Ordinal))
            select int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)];

        private static int RankOf(int process) => Read($"/proc/{process}/environ").Split('\0')
            .Where(entry => entry.StartsWith("OMPI_COMM_WORLD_RANK=", StringComparison.Ordinal)
                || entry.StartsWith("PMI_RANK=", StringComparison.Ordinal))
            .Select(entry => int.Parse(entry[(entry.IndexOf('=') + 1)..], CultureInfo.InvariantCulture))
            .FirstOrDefault(-1);

        /// <summary>New files of shared memory that no process has; those of other programs have one.</summary>
        private IEnumerable<string> Abandoned()
        {
            string[] files = [.. SharedMemory().Except(_shared)];
            if (files.Length == 0) return files;
            string[] maps = [.. Directory.EnumerateDirectories("/proc")
                .Select(path => Read(Path.Combine(path, "maps")))];
            return files.Where(file => File.Exists(file) && !maps.Any(map => map.Contains(file)));
        }

        private static string[] SharedMemory() =>
            Directory.Exists("/dev/shm") ? Directory.GetFileSystemEntries("/dev/shm") : [];

        private static string Read(string path)
        {
            try
            {
                return File.ReadAllText(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return "";   // ended meanwhile
            }
        }
    }
}
