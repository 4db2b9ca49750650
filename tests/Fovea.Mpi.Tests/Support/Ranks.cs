using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Fovea.Mpi.Tests.Support;

/// <summary>Starts <see cref="RankProgram"/> with several ranks; tests that need an MPI that is not here are
/// skipped.</summary>
internal static class Ranks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static readonly ConcurrentDictionary<(string, int), Lazy<RankProgram.Report>> Reports = [];

    /// <summary>How a job ended.</summary>
    public sealed record Outcome(int Code, string Output, string Error, TimeSpan Took, IReadOnlyList<string> Left);

    /// <summary>Results of all calls with so many ranks, computed once.</summary>
    public static RankProgram.Report Report(string family, int ranks)
    {
        Require(family);
        return Reports.GetOrAdd((family, ranks), _ => new(() =>
        {
            Outcome outcome = Start(family, ranks, "all");
            Assert.True(outcome.Code == 0, $"{outcome.Code}: {outcome.Error} {outcome.Output}");
            return JsonSerializer.Deserialize<RankProgram.Report>(outcome.Output)!;
        })).Value;
    }

    /// <summary>Runs a job to its end.</summary>
    /// <param name="family"><c>openmpi</c> or <c>mpich</c>.</param>
    /// <param name="ranks">Number of ranks.</param>
    /// <param name="scenario">What they do.</param>
    /// <param name="variables">More variables, as NAME=VALUE.</param>
    public static Outcome Start(string family, int ranks, string scenario, params string[] variables)
    {
        string launcher = Require(family);
        string mark = $"job-{Guid.NewGuid():N}";
        string[] options = family == "openmpi" ? ["--allow-run-as-root", "--oversubscribe"] : [];
        ProcessStartInfo start = new(launcher, [.. options, "-np", $"{ranks}", "dotnet",
            typeof(Ranks).Assembly.Location, RankProgram.Name, scenario, mark])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "dumb";   // Open MPI gives ranks a terminal
        foreach (string variable in variables)
            start.Environment[variable[..variable.IndexOf('=')]] = variable[(variable.IndexOf('=') + 1)..];
        long begin = Stopwatch.GetTimestamp();
        using Process job = Process.Start(start)!;
        job.StandardInput.Close();
        Task<string> output = job.StandardOutput.ReadToEndAsync(), error = job.StandardError.ReadToEndAsync();
        if (!job.WaitForExit(Patience))
        {
            job.Kill(entireProcessTree: true);
            Assert.Fail($"{scenario} with {ranks} ranks of {family} does not end: {output.Result} {error.Result}");
        }

        return new(job.ExitCode, output.Result, error.Result, Stopwatch.GetElapsedTime(begin), With(mark));
    }

    /// <summary>The launcher of a family.</summary>
    public static string Require(string family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "starts mpirun as Debian and Ubuntu have it");
        string launcher = $"/usr/bin/mpirun.{family}";
        Assert.SkipUnless(File.Exists(launcher), $"there is no {launcher}: apt-get install openmpi-bin mpich");
        return launcher;
    }

    /// <summary>Processes with a mark in their command line, a moment later.</summary>
    private static List<string> With(string mark)
    {
        List<string> left = [];
        for (int i = 0; i < 20; i++)
        {
            left = [.. Directory.EnumerateDirectories("/proc").Select(CommandLine).Where(line => line.Contains(mark))];
            if (left.Count == 0) break;
            Thread.Sleep(100);
        }

        return left;
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";   // no process, or over by now
        }
    }
}
