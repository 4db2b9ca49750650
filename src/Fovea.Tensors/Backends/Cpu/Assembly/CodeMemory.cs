using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.Assembly;

/// <summary>Memory for assembled code, kept until the process ends. It is first writable, then executable, and never
/// both.</summary>
internal static unsafe partial class CodeMemory
{
    private const int Read = 1, Write = 2, Execute = 4, Private = 2, AnonymousOnLinux = 0x20, AnonymousOnMac = 0x1000;

    /// <summary>Copies code into memory that may be executed.</summary>
    /// <returns>Its address; 0 where the system allows no such memory.</returns>
    internal static nint Load(ReadOnlySpan<byte> code)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS()) return 0;
        try
        {
            int flags = Private | (OperatingSystem.IsLinux() ? AnonymousOnLinux : AnonymousOnMac);
            nint memory = Map(0, (nuint)code.Length, Read | Write, flags, -1, 0);
            if (memory == -1) return 0;
            code.CopyTo(new Span<byte>((void*)memory, code.Length));
            return Protect(memory, (nuint)code.Length, Read | Execute) == 0 ? memory : 0;
        }
        catch (Exception missing) when (missing is DllNotFoundException or EntryPointNotFoundException)
        {
            return 0;   // no C library of that name
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nuint length, int protection);
}
