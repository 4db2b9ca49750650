using System.Runtime.InteropServices;

namespace Fovea.Mpi.Native;

/// <summary>A pause shorter than the millisecond of <see cref="Thread.Sleep(int)"/>.</summary>
internal static unsafe class Pause
{
    private const uint Microseconds = 50;   // and what the system adds, about as much

    private static readonly delegate* unmanaged<uint, int> Sleep = Find();

    /// <summary>Lets other threads have the core for about a tenth of a millisecond.</summary>
    public static void Shortly()
    {
        if (Sleep is null) Thread.Sleep(0);
        else _ = Sleep(Microseconds);
    }

    private static delegate* unmanaged<uint, int> Find() => !OperatingSystem.IsWindows()
        && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "usleep", out nint function)
            ? (delegate* unmanaged<uint, int>)function : null;
}
