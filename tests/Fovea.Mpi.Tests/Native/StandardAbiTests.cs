using System.Diagnostics;
using Fovea.Core.Collectives;
using Fovea.Mpi.Native;
using Fovea.Mpi.Tests.Support;

namespace Fovea.Mpi.Tests.Native;

/// <summary>Libraries that are compiled here, where there is a compiler: one of the standard binary interface, which
/// passes all on to MPICH, and one of none.</summary>
public sealed class StandardAbiTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_library_of_the_standard_interface_does_all_that_others_do()
    {
        Ranks.Require("mpich");
        Compile("libmpi_abi.so", "-l:libmpich.so.12");

        Ranks.Outcome outcome = Ranks.Start("mpich", 3, "all", $"{MpiFiles.Variable}={_folder.Path}");

        Assert.True(outcome.Code == 0, outcome.Error + outcome.Output);
        RankProgram.Report report = System.Text.Json.JsonSerializer.Deserialize<RankProgram.Report>(outcome.Output)!;
        Assert.StartsWith("MPICH ", report.Name);
        Assert.Equal(["0 of 3, 0 of 3", "1 of 3, 1 of 3", "2 of 3, 2 of 3"], report.Places);
        Assert.Equal(Ranks.Report("mpich", 3).AllReduce, report.AllReduce);
        Assert.Equal(["010203FA", "010203FA", "010203FA"], report.Broadcast);
        Assert.Equal(["2", "0", "1"], report.Ring);
        Assert.Equal(Enumerable.Repeat(RankProgram.Tree(SingleProcess.Instance, 8), 3), report.Trees[8]);
    }

    [Fact]
    public void A_library_of_another_interface_is_refused()
    {
        Compile("libmpi.so", "-DUNKNOWN");

        UsageException error = Assert.Throws<UsageException>(() => MpiFiles.Load(new Launcher(LauncherKind.Pmi, 2, 0),
            name => name == MpiFiles.Variable ? _folder["libmpi.so"] : null));

        Assert.Equal($"the MPI library {_folder["libmpi.so"]} calls itself 'Fuji MPI 1.0', and its binary interface "
            + "is not known here.", error.Message);
        Assert.Contains("libmpi_abi of any MPI-5", error.Remedy);
    }

    private void Compile(string library, string option)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/cc"), "there is no compiler for C");
        string source = Path.Combine(AppContext.BaseDirectory, "Native", "standard_abi.c");
        using Process compiler = Process.Start("/usr/bin/cc",
            ["-shared", "-fPIC", "-o", _folder[library], source, option]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
    }
}
