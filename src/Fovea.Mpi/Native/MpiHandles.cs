namespace Fovea.Mpi.Native;

/// <summary>Binary interfaces of MPI libraries.</summary>
internal enum MpiAbi
{
    /// <summary>Open MPI and what is built on it: handles are addresses of exported objects.</summary>
    OpenMpi,

    /// <summary>MPICH, Intel MPI, MVAPICH, Cray MPICH and MS-MPI: handles are 32-bit integers.</summary>
    Mpich,

    /// <summary>The standard one of MPI-5: handles have the size of pointers and small fixed values.</summary>
    Standard,
}

/// <summary>The constants of a binary interface, as far as they are used.</summary>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="Float">MPI_FLOAT.</param>
/// <param name="Sum">MPI_SUM.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN.</param>
/// <param name="NoInfo">MPI_INFO_NULL.</param>
/// <param name="InPlace">MPI_IN_PLACE.</param>
/// <param name="Funneled">MPI_THREAD_FUNNELED.</param>
/// <param name="Shared">MPI_COMM_TYPE_SHARED.</param>
internal sealed record MpiHandles(nint World, nint Byte, nint Float, nint Sum, nint ErrorsReturn, nint NoInfo,
    nint InPlace, int Funneled, int Shared)
{
    /// <summary>A symbol that Open MPI exports.</summary>
    public const string SymbolOfOpenMpi = "ompi_mpi_comm_world";

    /// <summary>From MPICH's <c>mpi.h</c>; those built on it keep them (the MPICH ABI initiative).</summary>
    public static MpiHandles Mpich { get; } = new(World: 0x44000000, Byte: 0x4c00010d, Float: 0x4c00040a,
        Sum: 0x58000003, ErrorsReturn: 0x54000001, NoInfo: 0x1c000000, InPlace: -1, Funneled: 1, Shared: 1);

    /// <summary>From appendix A of MPI-5.0.</summary>
    public static MpiHandles Standard { get; } = new(World: 0x101, Byte: 0x247, Float: 0x210, Sum: 0x21,
        ErrorsReturn: 0x142, NoInfo: 0x130, InPlace: 1, Funneled: 1024, Shared: 221);

    /// <summary>From Open MPI's <c>mpi.h</c>, versions 1.7 to 6.</summary>
    /// <param name="symbol">Address of an exported symbol.</param>
    public static MpiHandles OfOpenMpi(Func<string, nint> symbol) => new(World: symbol(SymbolOfOpenMpi),
        Byte: symbol("ompi_mpi_byte"), Float: symbol("ompi_mpi_float"), Sum: symbol("ompi_mpi_op_sum"),
        ErrorsReturn: symbol("ompi_mpi_errors_return"), NoInfo: symbol("ompi_mpi_info_null"), InPlace: 1, Funneled: 1,
        Shared: 0);

    /// <summary>The interface of a library, by what it says itself; null where it is none of these.</summary>
    /// <param name="standardMajor">From MPI_Abi_get_version: -1 where the library has an interface of its own; null
    /// where it lacks that function.</param>
    /// <param name="exportsOpenMpi">It has <see cref="SymbolOfOpenMpi"/>. Open MPI's library of the standard interface
    /// has, too.</param>
    /// <param name="version">From MPI_Get_library_version.</param>
    public static MpiAbi? Identify(int? standardMajor, bool exportsOpenMpi, string version)
    {
        if (standardMajor > 0) return standardMajor == 1 ? MpiAbi.Standard : null;
        if (exportsOpenMpi) return MpiAbi.OpenMpi;
        string[] names = ["MPICH", "MVAPICH", "Intel(R) MPI", "Microsoft MPI", "ParaStation MPI"];
        return names.Any(name => version.Contains(name, StringComparison.OrdinalIgnoreCase)) ? MpiAbi.Mpich : null;
    }
}
