using System.Runtime.InteropServices;
using System.Text;

namespace Fovea.Mpi.Native;

/// <summary>Variables that MPI libraries read when they are loaded.</summary>
internal static unsafe class Variables
{
    private static int _done;

    /// <summary>Keeps UCX, which carries the messages of many MPI libraries, from replacing the handler of SIGSEGV:
    /// .NET makes null references exceptions by its own, and UCX would end the process. Lets Open MPI give
    /// its core away while it waits: another thread of the process computes meanwhile. What a user has set
    /// stays.</summary>
    public static void BeforeLoading()
    {
        if (OperatingSystem.IsWindows() || Interlocked.Exchange(ref _done, 1) != 0) return;
        SetUnlessSet("UCX_ERROR_SIGNALS", "");
        SetUnlessSet("OMPI_MCA_mpi_yield_when_idle", "1");
    }

    private static void SetUnlessSet(string name, string value)
    {
        // On Unix .NET keeps its own copy of the environment, which native code does not see.
        if (Environment.GetEnvironmentVariable(name) is not null
            || !NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "setenv", out nint function)) return;
        fixed (byte* first = Encoding.UTF8.GetBytes(name + '\0'), second = Encoding.UTF8.GetBytes(value + '\0'))
            _ = ((delegate* unmanaged<byte*, byte*, int, int>)function)(first, second, 1);
    }
}
