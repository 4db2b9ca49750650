namespace Fovea.Data.Datasets.Files;

/// <summary>Rules for names of files and folders.</summary>
internal static class ImageNames
{
    /// <summary>torchvision's list, and the other endings of formats that can be read.</summary>
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".pbm", ".tif",
        ".tiff", ".webp", ".jfif", ".jpe", ".gif", ".dib", ".ico", ".pnm"];

    /// <summary>Endings of files that describe images and are none.</summary>
    private static readonly string[] Companions = [".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml",
        ".md", ".html", ".htm", ".ini", ".db", ".log", ".py", ".mat", ".pdf", ".rtf", ".parquet", ".lst", ".cfg"];

    /// <summary>Folders of operating systems and network drives.</summary>
    private static readonly string[] Passed = ["__MACOSX", "@eaDir", "#recycle", "#snapshot", "@Recycle",
        "$RECYCLE.BIN", "System Volume Information", "lost+found", "__pycache__"];

    /// <summary>True for the extension of an image, whatever its case. Hidden files (macOS' <c>._name.jpg</c>) are
    /// none.</summary>
    public static bool IsImage(ReadOnlySpan<char> name) => !IsHidden(name) && HasEnding(name, Extensions);

    /// <summary>True for a file that is neither an image nor known to be something else.</summary>
    public static bool IsForeign(ReadOnlySpan<char> name) =>
        !IsHidden(name) && !HasEnding(name, Extensions) && !HasEnding(name, Companions);

    /// <summary>True for names that begin with a dot, and for what operating systems and network drives
    /// leave.</summary>
    public static bool IsHidden(ReadOnlySpan<char> name)
    {
        if (name.StartsWith('.')) return true;
        foreach (string passed in Passed)
            if (name.Equals(passed, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    /// <summary>True where a relative name, with forward slashes, stays below its root on every system.</summary>
    public static bool StaysInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains('\0')
            && !(path.Length > 1 && path[1] == ':')
        && !path.Split('/').Contains("..");

    private static bool HasEnding(ReadOnlySpan<char> name, string[] endings)
    {
        foreach (string ending in endings)
            if (name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
