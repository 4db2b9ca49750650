using System.Globalization;
using System.Text.RegularExpressions;
using Fovea.Mpi.Native;

namespace Fovea.Mpi.Tests.Native;

public sealed class MpiHandlesTests
{
    private const string Intel = "Intel(R) MPI Library 2021.10 for Linux* OS\n";

    [Theory]
    [InlineData(null, true, "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4", MpiAbi.OpenMpi)]
    [InlineData(-1, true, "Open MPI v6.0.0, package: Open MPI", MpiAbi.OpenMpi)]
    [InlineData(1, true, "Open MPI v6.0.0, package: Open MPI", MpiAbi.Standard)]
    [InlineData(1, false, "MPICH Version:\t5.0.0", MpiAbi.Standard)]
    [InlineData(-1, false, "MPICH Version:\t5.0.0", MpiAbi.Mpich)]
    [InlineData(null, false, "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr 7", MpiAbi.Mpich)]
    [InlineData(null, false, Intel, MpiAbi.Mpich)]
    [InlineData(null, false, "Microsoft MPI 10.1.12498.18", MpiAbi.Mpich)]
    [InlineData(null, false, "MVAPICH2 Version      :\t2.3.7", MpiAbi.Mpich)]
    [InlineData(null, false, "MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)", MpiAbi.Mpich)]
    [InlineData(null, true, "Fujitsu MPI Library 4.0.1", MpiAbi.OpenMpi)]
    [InlineData(null, false, "Fuji MPI 1.0", null)]
    [InlineData(2, false, "MPICH Version:\t9.0", null)]   // a later standard may have other numbers
    public void A_library_is_told_by_what_it_says(int? standard, bool exportsOpenMpi, string version, object? expected)
        => Assert.Equal((MpiAbi?)expected, MpiHandles.Identify(standard, exportsOpenMpi, version));

    [Theory]
    [InlineData("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4", "Open MPI 4.1.4")]
    [InlineData("MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7", "MPICH 4.0.2")]
    [InlineData(Intel, "Intel MPI 2021.10")]
    [InlineData("MVAPICH2 Version      :\t2.3.7\nMVAPICH2 Release", "MVAPICH2 2.3.7")]
    [InlineData("MPI VERSION    : CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)\n", "CRAY MPICH 8.1.25.17")]
    [InlineData("Microsoft MPI 10.1.12498.18", "Microsoft MPI 10.1.12498.18")]
    [InlineData("", "")]
    public void A_version_is_shortened(string text, string expected) =>
        Assert.Equal(expected, MpiLibrary.ShortVersion(text));

    [Fact]
    public void Those_of_Open_MPI_are_addresses_of_its_symbols()
    {
        Dictionary<string, nint> symbols = new()
        {
            ["ompi_mpi_comm_world"] = 10,
            ["ompi_mpi_byte"] = 20,
            ["ompi_mpi_float"] = 30,
            ["ompi_mpi_op_sum"] = 40,
            ["ompi_mpi_errors_return"] = 50,
            ["ompi_mpi_info_null"] = 60,
        };

        MpiHandles handles = MpiHandles.OfOpenMpi(name => symbols[name]);

        Assert.Equal(new MpiHandles(10, 20, 30, 40, 50, 60, 1, 1, 0), handles);
    }

    /// <summary>The numbers in the source are those of the header, where that is installed (libmpich-dev).</summary>
    [Fact]
    public void Those_of_MPICH_are_those_of_its_header()
    {
        string? file = ((string[])["/usr/include/x86_64-linux-gnu/mpich/mpi.h",
            "/usr/include/aarch64-linux-gnu/mpich/mpi.h", "/usr/include/mpich-x86_64/mpi.h"])
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(file is null, "MPICH's header is not here: apt-get install libmpich-dev");
        string header = File.ReadAllText(file);
        nint Value(string name)
        {
            string text = Regex.Match(header, $@"#define\s+{name}\s+(?:\(\(?\w+ ?\*?\))?\s*\(?(-?\w+)").Groups[1].Value;
            return text.StartsWith("0x", StringComparison.Ordinal)
                ? int.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : int.Parse(text, CultureInfo.InvariantCulture);
        }

        Assert.Equal(new MpiHandles(Value("MPI_COMM_WORLD"), Value("MPI_BYTE"), Value("MPI_FLOAT"), Value("MPI_SUM"),
            Value("MPI_ERRORS_RETURN"), Value("MPI_INFO_NULL"), Value("MPI_IN_PLACE"),
            (int)Value("MPI_THREAD_FUNNELED"), (int)Value("MPI_COMM_TYPE_SHARED")), MpiHandles.Mpich);
    }

    /// <summary>Appendix A of MPI-5.0: predefined handles are below 0x400, their class is in the upper bits.</summary>
    [Fact]
    public void Those_of_the_standard_are_the_ones_of_its_appendix() => Assert.Equal(
        new MpiHandles(World: 0b01_0000_0001, Byte: 0b10_0100_0111, Float: 0b10_0001_0000, Sum: 0b00_0010_0001,
            ErrorsReturn: 0b01_0100_0010, NoInfo: 0b01_0011_0000, InPlace: 1, Funneled: 1024, Shared: 221),
        MpiHandles.Standard);
}
