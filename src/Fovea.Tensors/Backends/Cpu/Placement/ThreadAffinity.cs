using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>Keeps the calling thread on one processor.</summary>
internal static partial class ThreadAffinity
{
    private const int BitsOfWord = 64;

    /// <summary>False on systems without such a thing (macOS).</summary>
    internal static bool Exists => OperatingSystem.IsLinux() || OperatingSystem.IsWindows();

    /// <summary>Keeps the calling thread on a processor; false where the system refuses.</summary>
    internal static bool Pin(int processor)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                return processor < BitsOfWord && SetThreadAffinityMask(GetCurrentThread(), (nuint)1 << processor) != 0;
            if (!OperatingSystem.IsLinux()) return false;
            ulong[] mask = new ulong[processor / BitsOfWord + 1];
            mask[^1] = 1UL << processor % BitsOfWord;
            return SetAffinity(0, (nuint)mask.Length * sizeof(ulong), mask) == 0;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <param name="thread">0: the calling one.</param>
    /// <param name="bytes">Length of the mask.</param>
    /// <param name="mask">A bit per processor.</param>
    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetAffinity(int thread, nuint bytes, ulong[] mask);

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint GetCurrentThread();

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nuint SetThreadAffinityMask(nint thread, nuint mask);
}
