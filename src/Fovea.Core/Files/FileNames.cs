using System.Runtime.InteropServices;

namespace Fovea.Core.Files;

/// <summary>Names of files beyond what .NET does with them: a second one for a file, and ones that outlast a loss of
/// power.</summary>
internal static class FileNames
{
    /// <summary>Puts the names of a folder's files onto the disk. Nothing happens where the system keeps them so by
    /// itself (Windows) or a file system cannot.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        int file = Open(folder, 0);   // for reading
        if (file < 0) return;
        _ = Synchronise(file);
        _ = Close(file);
    }

    /// <summary>Gives a file a second name, which replaces what was there; where the file system knows no second
    /// names, a copy.</summary>
    /// <param name="path">A whole file.</param>
    /// <param name="name">Its second name, in the same folder.</param>
    /// <param name="main">The file under whose name a copy that was cut short is known as a rest, and removed.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void AddName(string path, string name, string main)
    {
        File.Delete(name);
        if (OperatingSystem.IsWindows() ? CreateHardLink(name, path, 0) : Link(path, name) == 0) return;
        string copy = TemporaryFile.NameFor(main);
        try
        {
            File.Copy(path, copy);
            using (FileStream file = new(copy, FileMode.Open, FileAccess.Write)) file.Flush(flushToDisk: true);
            File.Move(copy, name, overwrite: true);
        }
        finally
        {
            File.Delete(copy);   // where it was not moved
            TemporaryFile.Forget(copy);
        }
    }

    [DllImport("libc", EntryPoint = "open")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Synchronise(int file);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);

    [DllImport("libc", EntryPoint = "link")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string path,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport("kernel32", EntryPoint = "CreateHardLinkW", CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CreateHardLink(string name, string path, nint security);
}
