using Fovea.Core.Collectives;
using Fovea.Mpi.Native;
using Fovea.Mpi.Tests.Support;

namespace Fovea.Mpi.Tests;

/// <summary>A rank that cannot go on ends the job: soon, with a message and a code, and nothing is left.</summary>
public sealed class FailureTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData("openmpi", "throw", "fovea: rank 2 of 3: image 7 cannot be read.")]
    [InlineData("mpich", "throw", "fovea: rank 2 of 3: image 7 cannot be read.")]
    [InlineData("openmpi", "abort", "fovea: rank 2 of 3: the disk is full.")]
    [InlineData("mpich", "abort", "fovea: rank 2 of 3: the disk is full.")]
    [InlineData("openmpi", "exit", null)]
    [InlineData("mpich", "exit", null)]
    [InlineData("openmpi", "kill", null)]
    [InlineData("mpich", "kill", null)]
    [InlineData("openmpi", "term", null)]
    [InlineData("mpich", "term", null)]
    [InlineData("openmpi", "crash", null)]
    [InlineData("mpich", "crash", null)]
    [InlineData("openmpi", "uneven", "fovea: rank 1 of 3: rank 0 sent 3 bytes where rank 1 expected 4.")]
    [InlineData("mpich", "uneven", "fovea: rank 1 of 3: rank 0 sent 3 bytes where rank 1 expected 4.")]
    [InlineData("openmpi", "longer", "fovea: rank 1 of 3: Open MPI ", "truncated")]
    [InlineData("mpich", "longer", "fovea: rank 1 of 3: MPICH ", "truncated")]
    public void The_job_ends(string family, string scenario, string? message, string more = "")
    {
        Ranks.Outcome outcome = Ranks.Start(family, 3, scenario);

        Assert.NotEqual(0, outcome.Code);
        string[] said = [.. (outcome.Error + outcome.Output).Split('\n').Where(line => line.Contains("fovea: rank"))];
        if (message is null) Assert.Empty(said);
        else Assert.Contains(message, Assert.Single(said));
        Assert.Contains(more, string.Concat(said));
        Assert.Empty(outcome.Left);
        Assert.True(outcome.Took < Longest, $"{outcome.Took}");
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_rank_that_stands_still_is_named_and_ends_the_job(string family)
    {
        Ranks.Outcome outcome = Ranks.Start(family, 3, "stop", $"{Liveness.Variable}=3");

        Assert.NotEqual(0, outcome.Code);
        string said = Assert.Single((outcome.Error + outcome.Output).Split('\n'), line => line.Contains("fovea: "));
        Assert.Contains($"fovea: rank 0 of 3: rank 2 on {Environment.MachineName} was not heard of for 3", said);
        Assert.Empty(outcome.Left);
        Assert.True(outcome.Took < Longest, $"{outcome.Took}");
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_rank_that_leaves_early_is_not_missed(string family)
    {
        Ranks.Outcome outcome = Ranks.Start(family, 3, "leave", $"{Liveness.Variable}=1");
        Assert.True(outcome is { Code: 0, Error: "" }, outcome.Error + outcome.Output);
    }

    [Theory]
    [InlineData("openmpi", "mpich", "mpirun (Open MPI) started 3 processes, but MPICH ")]
    [InlineData("mpich", "openmpi", "mpiexec (PMI) started 3 processes, but Open MPI ")]
    public void A_launcher_that_is_not_the_librarys_is_refused(string launcher, string library, string message)
    {
        Ranks.Require(library);
        string? file = ((string[])["/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/usr/lib64/"])
            .Select(folder => folder + (library == "mpich" ? "libmpich.so.12" : "libmpi.so.40"))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(file is null, "the library lies elsewhere");

        Ranks.Outcome outcome = Ranks.Start(launcher, 3, "all", $"{MpiFiles.Variable}={file}");

        Assert.NotEqual(0, outcome.Code);
        Assert.Contains(message, outcome.Error + outcome.Output);
        Assert.Contains("sees 1 of them as one run.", outcome.Error + outcome.Output);
        Assert.Contains($"or name the library of this launcher in {MpiFiles.Variable}", outcome.Error + outcome.Output);
        Assert.Empty(outcome.Left);
    }

    [Theory]
    [InlineData("openmpi")]
    [InlineData("mpich")]
    public void A_library_that_is_not_there_is_refused(string family)
    {
        Ranks.Outcome outcome = Ranks.Start(family, 2, "all", $"{MpiFiles.Variable}=/no/such/folder");

        Assert.Equal(2, outcome.Code);
        Assert.Contains($"{MpiFiles.Variable} is '/no/such/folder', where there is no MPI library. It has to name",
            outcome.Error + outcome.Output);
        Assert.Empty(outcome.Left);
    }
}
