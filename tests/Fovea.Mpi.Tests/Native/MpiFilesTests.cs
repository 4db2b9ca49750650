using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fovea.Core.Collectives;
using Fovea.Mpi.Native;

namespace Fovea.Mpi.Tests.Native;

/// <summary>Where a library is looked for, and what is said of one that cannot be used.</summary>
public sealed class MpiFilesTests : IDisposable
{
    private static readonly Launcher OpenMpi = new(LauncherKind.OpenMpi, 2, 0), Pmi = new(LauncherKind.Pmi, 2, 0);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_variable_names_a_file_or_a_folder_and_nothing_else_is_tried()
    {
        UsageException error = Assert.Throws<UsageException>(() => MpiFiles.Load(OpenMpi, Only(_folder["none"])));

        Assert.Contains($"{MpiFiles.Variable} is '{_folder["none"]}', where there is no MPI library.", error.Message);
        Assert.Contains("the folder that holds it", error.Remedy);
    }

    [Fact]
    public void Installations_that_variables_name_come_before_the_systems()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "has the names of Linux");
        string file = Path.Combine(_folder["opt/lib"], "libmpi.so.40");
        Directory.CreateDirectory(_folder["opt/lib"]);
        File.WriteAllText(file, "");

        IReadOnlyList<string> places = MpiFiles.Usual(OpenMpi, name => name == "MPI_HOME" ? _folder["opt"] : null);

        Assert.Equal(file, places[0]);
        Assert.Equal("libmpi.so.40", places[1]);
        Assert.Equal("libmpich.so.12", MpiFiles.Usual(Pmi, _ => null)[0]);
    }

    [Fact]
    public void The_installation_of_the_launcher_on_the_path_is_looked_into()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "has the names of Linux");
        foreach (string file in (string[])["opt/bin/mpirun", "opt/lib64/libmpich.so.12"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder[file])!);
            File.WriteAllText(_folder[file], "");
        }

        IReadOnlyList<string> places = MpiFiles.Usual(Pmi, name =>
            name == "PATH" ? $"/nowhere:{_folder["opt/bin"]}" : null);

        Assert.Equal(_folder["opt/lib64/libmpich.so.12"], places[0]);
    }

    [Fact]
    public void A_library_for_another_processor_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF files are those of Linux");
        byte[] head = new byte[64];
        ((byte[])[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(head, 0);
        bool isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), (ushort)(isArm ? 62 : 183));
        File.WriteAllBytes(_folder["libmpi.so.40"], head);

        UsageException error = Assert.Throws<UsageException>(() =>
            MpiFiles.Load(OpenMpi, Only(Path.GetDirectoryName(_folder["libmpi.so.40"])!)));

        Assert.Contains($"{_folder["libmpi.so.40"]} is not for this processor", error.Message);
        Assert.Contains(MpiFiles.Variable, error.Remedy);
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused()
    {
        File.WriteAllText(_folder["libmpi.so"], "not a library");

        UsageException error = Assert.Throws<UsageException>(() =>
            MpiFiles.Load(OpenMpi, Only(_folder["libmpi.so"])));

        Assert.Contains(_folder["libmpi.so"], error.Message);
        Assert.NotNull(error.Remedy);
    }

    [Fact]
    public void A_library_of_something_else_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "takes a library of Linux");
        string? other = ((string[])["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6",
            "/usr/lib64/libm.so.6"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(other is null, "there is no library to take");

        UsageException error = Assert.Throws<UsageException>(() => MpiFiles.Load(OpenMpi, Only(other)));

        Assert.Contains("is not a library of MPI-3 or newer", error.Message);
    }

    [Theory]
    [InlineData(LauncherKind.Slurm, 4, 1, "srun (Slurm) started 4 processes, but X sees 1 of them", "pmix")]
    [InlineData(LauncherKind.Pmi, 4, 1, "mpiexec (PMI) started 4 processes, but X sees 1 of them", "FOVEA_MPI")]
    [InlineData(LauncherKind.OpenMpi, 4, 2, "mpirun (Open MPI) started 4 processes, but X sees 2 of them",
        "FOVEA_MPI")]
    [InlineData(LauncherKind.OpenMpi, 4, 4, null, null)]
    [InlineData(LauncherKind.Pmix, null, 1, null, null)]
    public void Processes_that_do_not_find_each_other_are_refused(LauncherKind kind, int? started, int size,
        string? message, string? remedy)
    {
        UsageException? error = Record.Exception(() =>
            MpiTransport.RequireWhole(new Launcher(kind, started, 0), size, "X")) as UsageException;

        Assert.Equal(message is null, error is null);
        if (error is null) return;
        Assert.Contains(message!, error.Message);
        Assert.Contains(remedy!, error.Remedy);
    }

    private static Func<string, string?> Only(string value) => name => name == MpiFiles.Variable ? value : null;
}
