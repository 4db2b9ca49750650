using System.Formats.Tar;

namespace Fovea.Core;

/// <summary>
/// Tells files from what only looks like one by its path. A named pipe keeps whoever opens it waiting, a device has no
/// end, and neither can be interrupted: nothing but a file may be opened where a file is meant.
/// </summary>
public static class PlainFile
{
    private const int TypeOffset = 156;   // of a tar header's type

    /// <summary>Name of what a path leads to that is no file: <c>a folder</c>, <c>a named pipe</c>, ...; null for
    /// files, and where there is nothing.</summary>
    public static string? OtherKind(string path)
    {
        try
        {
            FileInfo file = new(path);
            if (!file.Exists) return Directory.Exists(path) ? "a folder" : null;
            return !OperatingSystem.IsWindows() && (file.LinkTarget is not null || file.Length == 0)
                ? KindOf(path) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;   // whoever opens it says what is wrong
        }
    }

    /// <summary>A sentence that says what a path leads to where it is no file; null where it is one, or nothing.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="what">What was expected, e.g. <c>a recipe</c>.</param>
    public static string? Refusal(string path, string what) =>
        OtherKind(path) is string kind ? $"{path}: this is {kind}, not a file; {what} is read from a file." : null;

    /// <summary>Refuses what is no file.</summary>
    /// <exception cref="UsageException">It is something else.</exception>
    public static string Require(string path, string what) =>
        Refusal(path, what) is string refusal ? throw new UsageException(refusal) : path;

    /// <summary>The kind of what has no length. An archive's header has the type, and is made without opening what is
    /// no file.</summary>
    private static string? KindOf(string path)
    {
        string target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        if (!File.Exists(target)) return Directory.Exists(target) ? "a folder" : "a pipe or a socket";
        if (new FileInfo(target).Length > 0) return null;
        MemoryStream header = new();
        try
        {
            using TarWriter archive = new(header, TarEntryFormat.Ustar, leaveOpen: true);
            archive.WriteEntry(target, "file");
        }
        catch (IOException) when (header.Length == 0)
        {
            return "a socket";   // of which archives know nothing
        }

        return (TarEntryType)header.GetBuffer()[TypeOffset] switch
        {
            TarEntryType.Fifo => "a named pipe",
            TarEntryType.CharacterDevice or TarEntryType.BlockDevice => "a device",
            _ => null,
        };
    }
}
