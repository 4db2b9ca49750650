namespace Fovea.Data.Datasets.Files;

/// <summary>
/// Keeps readers below a root. Links to files of the same tree are followed; links that lead out of it, and all links
/// to folders (which could lead in circles), are refused.
/// </summary>
internal sealed class TreeGuard
{
    private readonly Dictionary<string, bool> _plain = new(StringComparer.Ordinal) { [""] = true };

    public TreeGuard(string root)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        // the root itself may be a link
        Root = Directory.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }

    /// <summary>The root, absolute.</summary>
    public string Root { get; }

    /// <summary>Complains about a link to a folder.</summary>
    public DataException FolderLink(string relative) =>
        new($"{Path.Combine(Root, relative)}: is a link to a folder; links to folders are not followed, put the folder "
            + "itself there.");

    /// <summary>Complains unless a link to a file leads to one of the same tree.</summary>
    /// <param name="relative">The link, below the root, with forward slashes.</param>
    public void RequireInside(string relative)
    {
        string link = Path.Combine(Root, relative);
        string? target = File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName;
        string inside = target is null ? ""
            : Path.GetRelativePath(Root, target).Replace(Path.DirectorySeparatorChar, '/');
        if (target is null || Path.IsPathRooted(inside) || !ImageNames.StaysInside(inside)
            || !IsPlain(FolderOf(inside)))
            throw new DataException($"{link}: is a link that leads out of '{Root}'; put the file itself there.");
    }

    /// <summary>True where neither the folder nor one above it, below the root, is a link.</summary>
    public bool IsPlain(string folder)
    {
        if (_plain.TryGetValue(folder, out bool known)) return known;
        DirectoryInfo info = new(Path.Combine(Root, folder));
        return _plain[folder] = !info.Attributes.HasFlag(FileAttributes.ReparsePoint) && IsPlain(FolderOf(folder));
    }

    private static string FolderOf(string relative) => relative.LastIndexOf('/') is >= 0 and int slash
        ? relative[..slash] : "";
}
