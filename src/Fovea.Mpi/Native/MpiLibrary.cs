using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Fovea.Mpi.Native;

/// <summary>
/// The functions of an MPI library that are used, with the signatures of MPI-3, which all three binary interfaces share
/// but for the types of handles.
/// </summary>
/// <remarks>
/// A handle is passed as <see cref="nint"/>, whatever it is: where it is an integer of 32 bits, the callee reads the
/// lower half of the register, and writes the lower half of a variable that was zero. That holds for arguments in
/// registers on every 64-bit little-endian processor; none of the functions here has a handle beyond the sixth
/// argument.
/// </remarks>
internal sealed unsafe partial class MpiLibrary
{
    private const int LongestText = 8192;   // MPI_MAX_LIBRARY_VERSION_STRING of MPI-5, the longest of all

    private readonly delegate* unmanaged<int, byte*, int*, int> _errorString;

    private MpiLibrary(nint library, string path, string version, MpiAbi abi)
    {
        nint Find(string name) => NativeLibrary.GetExport(library, name);

        Path = path;
        Abi = abi;
        Version = version;
        Handles = abi switch
        {
            MpiAbi.OpenMpi => MpiHandles.OfOpenMpi(Find),
            MpiAbi.Mpich => MpiHandles.Mpich,
            _ => MpiHandles.Standard,
        };
        _errorString = (delegate* unmanaged<int, byte*, int*, int>)Find("MPI_Error_string");
        Initialise = (delegate* unmanaged<void*, void*, int, int*, int>)Find("MPI_Init_thread");
        Finalise = (delegate* unmanaged<int>)Find("MPI_Finalize");
        Abort = (delegate* unmanaged<nint, int, int>)Find("MPI_Abort");
        SetErrorHandler = (delegate* unmanaged<nint, nint, int>)Find("MPI_Comm_set_errhandler");
        Rank = (delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_rank");
        Size = (delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_size");
        SplitByType = (delegate* unmanaged<nint, int, int, nint, nint*, int>)Find("MPI_Comm_split_type");
        FreeCommunicator = (delegate* unmanaged<nint*, int>)Find("MPI_Comm_free");
        AllReduce = (delegate* unmanaged<nint, void*, int, nint, nint, nint, int>)Find("MPI_Allreduce");
        Broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Find("MPI_Bcast");
        Barrier = (delegate* unmanaged<nint, int>)Find("MPI_Barrier");
        Send = (delegate* unmanaged<void*, int, nint, int, int, nint, int>)Find("MPI_Send");
        Receive = (delegate* unmanaged<void*, int, nint, int, int, nint, void*, int>)Find("MPI_Recv");
        StartReceive = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Find("MPI_Irecv");
        StartSend = (delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int>)Find("MPI_Isend");
        Test = (delegate* unmanaged<nint*, int*, void*, int>)Find("MPI_Test");
        Count = (delegate* unmanaged<void*, nint, int*, int>)Find("MPI_Get_count");
    }

    /// <summary>File, or the name by which the system found it.</summary>
    public string Path { get; }

    public MpiAbi Abi { get; }

    /// <summary>For example <c>Open MPI 4.1.4</c>.</summary>
    public string Version { get; }

    /// <summary>Version and file.</summary>
    public string Text => $"{Version} ({Path})";

    public MpiHandles Handles { get; }

    /// <summary>(argument count, arguments, thread level, given level).</summary>
    public delegate* unmanaged<void*, void*, int, int*, int> Initialise { get; }

    public delegate* unmanaged<int> Finalise { get; }

    /// <summary>(communicator, exit code).</summary>
    public delegate* unmanaged<nint, int, int> Abort { get; }

    public delegate* unmanaged<nint, nint, int> SetErrorHandler { get; }

    public delegate* unmanaged<nint, int*, int> Rank { get; }

    public delegate* unmanaged<nint, int*, int> Size { get; }

    /// <summary>(communicator, type, key, info, result).</summary>
    public delegate* unmanaged<nint, int, int, nint, nint*, int> SplitByType { get; }

    public delegate* unmanaged<nint*, int> FreeCommunicator { get; }

    /// <summary>(from, to, count, type, operation, communicator).</summary>
    public delegate* unmanaged<nint, void*, int, nint, nint, nint, int> AllReduce { get; }

    /// <summary>(data, count, type, root, communicator).</summary>
    public delegate* unmanaged<void*, int, nint, int, nint, int> Broadcast { get; }

    public delegate* unmanaged<nint, int> Barrier { get; }

    /// <summary>(data, count, type, rank, tag, communicator).</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, int> Send { get; }

    /// <summary>(data, count, type, rank, tag, communicator, status).</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, void*, int> Receive { get; }

    /// <summary>(data, count, type, rank, tag, communicator, request).</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> StartReceive { get; }

    /// <summary>(data, count, type, rank, tag, communicator, request).</summary>
    public delegate* unmanaged<void*, int, nint, int, int, nint, nint*, int> StartSend { get; }

    /// <summary>(request, is done, status).</summary>
    public delegate* unmanaged<nint*, int*, void*, int> Test { get; }

    /// <summary>(status, type, count).</summary>
    public delegate* unmanaged<void*, nint, int*, int> Count { get; }

    /// <summary>The functions of a loaded library; null where it is none of MPI.</summary>
    /// <exception cref="UsageException">Its binary interface is not known.</exception>
    public static MpiLibrary? Of(nint library, string path)
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Get_library_version", out nint function)) return null;
        string text = TextOf((delegate* unmanaged<byte*, int*, int>)function);
        string version = ShortVersion(text);
        int? major = null;
        if (NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out nint standard))
        {
            int number, minor;
            major = ((delegate* unmanaged<int*, int*, int>)standard)(&number, &minor) == 0 ? number : -1;
        }

        bool isOpen = NativeLibrary.TryGetExport(library, MpiHandles.SymbolOfOpenMpi, out _);
        if (MpiHandles.Identify(major, isOpen, text) is MpiAbi abi) return new(library, path, version, abi);
        throw new UsageException($"the MPI library {path} calls itself '{version}', and its binary interface is not "
            + "known here.")
        {
            Remedy = $"Name another one in {MpiFiles.Variable}: Open MPI, MPICH, Intel MPI, MVAPICH, MS-MPI, or the "
                + "libmpi_abi of any MPI-5.",
        };
    }

    /// <summary>Throws what the library says about an error.</summary>
    /// <param name="code">What a function returned; 0 is none.</param>
    /// <param name="what">What was tried, e.g. <c>a broadcast</c>.</param>
    public void Check(int code, string what)
    {
        if (code == 0) return;
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        string reason = _errorString(code, text, &length) == 0 && length > 0
            ? Encoding.UTF8.GetString(text, length).ReplaceLineEndings(" ").Trim() : $"error {code}";
        throw new MpiException($"{Version} failed at {what}: {reason}.");
    }

    /// <summary>Name and version from a library's own, longer text.</summary>
    internal static string ShortVersion(string text)
    {
        string line = Spaces().Replace(text, " ").Trim();
        if (OpenMpi().Match(line) is { Success: true } open) return $"Open MPI {open.Groups[1].Value}";
        if (Intel().Match(line) is { Success: true } intel) return $"Intel MPI {intel.Groups[1].Value}";
        if (Mpich().Match(line) is { Success: true } mpich)
            return $"{mpich.Groups[1].Value.Trim()} {mpich.Groups[2].Value}";
        return line.Length > 60 ? line[..60] : line;
    }

    private static string TextOf(delegate* unmanaged<byte*, int*, int> function)
    {
        byte* text = stackalloc byte[LongestText];
        int length = 0;
        return function(text, &length) == 0 ? Encoding.UTF8.GetString(text, Math.Clamp(length, 0, LongestText)) : "";
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"Open MPI v?([0-9][^\s,]*)")]
    private static partial Regex OpenMpi();

    [GeneratedRegex(@"Intel\(R\) MPI Library ([0-9.]+)")]
    private static partial Regex Intel();

    /// <summary>"MPICH Version: 4.0.2 ...", "CRAY MPICH version 8.1 ...".</summary>
    [GeneratedRegex(@"(?:MPI VERSION ?: ?)?((?:CRAY )?M[A-Z]*PICH[0-9]*) version ?:? ?([0-9][^\s,]*)",
        RegexOptions.IgnoreCase)]
    private static partial Regex Mpich();
}
