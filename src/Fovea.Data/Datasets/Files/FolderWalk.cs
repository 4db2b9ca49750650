using System.IO.Enumeration;

namespace Fovea.Data.Datasets.Files;

/// <summary>
/// Lists the images below a folder in torchvision's order: by folder, then by name, both by character codes. Links are
/// followed, wherever they lead, but for those to a folder above themselves.
/// </summary>
internal sealed class FolderWalk
{
    private const int MostLevels = 32;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    private readonly string _root;
    private readonly EntryList _entries = new();
    private readonly List<string> _dangling = [];

    /// <summary>For each folder that waits, where it really lies, behind the places of those above it.</summary>
    private readonly Dictionary<string, string[]> _chains = new(StringComparer.Ordinal);

    private readonly bool _keepsDangling;
    private readonly string? _unlabelled;

    private FolderWalk(string root, bool keepsDangling, string? unlabelled)
    {
        (_root, _keepsDangling) = (Path.GetFullPath(root), keepsDangling);
        string? real = Directory.Exists(unlabelled) ? RealPath(unlabelled) : null;
        _unlabelled = real is null || IsAtOrAbove(real, RealPath(_root)) ? null : Alone(real, RealPath(_root));
    }

    /// <param name="root">The folder.</param>
    /// <param name="keepsDangling">Lists links that lead nowhere, as files that cannot be read.</param>
    /// <param name="unlabelled">A folder whose images have no classes, which is left out where it lies below the root;
    /// null: none.</param>
    /// <exception cref="DataException">A folder cannot be read, or a link leads nowhere.</exception>
    public static EntryList List(string root, bool keepsDangling = false, string? unlabelled = null) =>
        new FolderWalk(root, keepsDangling, unlabelled).List();

    private EntryList List()
    {
        // The smallest waiting folder is always the next in the order: whatever is still to be found lies below a
        // waiting one.
        PriorityQueue<string, string> waiting = new(StringComparer.Ordinal);
        _chains[""] = [RealPath(_root)];
        waiting.Enqueue("", "");
        while (waiting.TryDequeue(out string? folder, out _))
        {
            foreach (string found in ListFolder(folder)) waiting.Enqueue(found, found);
        }

        return _dangling.Count == 0 ? _entries : throw new DataException(
            $"{_root}: {(_dangling.Count == 1 ? "a link leads" : $"{_dangling.Count} links lead")} nowhere: "
                + $"{Listing.Of(_dangling)}; remove {(_dangling.Count == 1 ? "it" : "them")} or restore the files.");
    }

    /// <summary>Adds the images of one folder.</summary>
    /// <returns>The folders in it.</returns>
    private List<string> ListFolder(string folder)
    {
        if (folder.AsSpan().Count('/') >= MostLevels)
            throw new DataException($"{Path.Combine(_root, folder)}: lies more than {MostLevels} folders deep.");
        List<string> files = [], folders = [];
        string prefix = folder.Length == 0 ? "" : folder + "/";
        foreach ((string name, bool isFolder, bool isLink) in Contents(Path.Combine(_root, folder)))
        {
            string path = prefix + name;
            if (isLink && !Exists(path) && !(_keepsDangling && ImageNames.IsImage(name))) AddDangling(path);
            else if (isFolder && OwnFolders.IsOne(Path.Combine(_root, path))) _entries.PassedOver.AddOwn(path);
            else if (isFolder && !Enter(folder, path, isLink)) _entries.PassedOver.AddLoop(path);
            else if (isFolder && IsUnlabelled(path)) _entries.PassedOver.AddUnlabelled(path);
            else if (isFolder) folders.Add(path);
            else if (ImageNames.IsImage(name)) files.Add(name);
            else if (folder.Length > 0 && ImageNames.IsForeign(name)) _entries.PassedOver.AddForeign(path);
        }

        _chains.Remove(folder, out _);
        files.Sort(StringComparer.Ordinal);
        int number = _entries.AddFolder(folder);
        foreach (string file in files) _entries.Add(number, file);
        return folders;
    }

    private bool Exists(string path) => Path.Exists(Resolve(Path.Combine(_root, path)));

    private void AddDangling(string path)
    {
        string? target = new FileInfo(Path.Combine(_root, path)).LinkTarget;
        _dangling.Add($"'{path}' (to '{target}')");
    }

    /// <summary>Remembers where a folder really lies.</summary>
    /// <returns>False for a link to a folder above itself.</returns>
    private bool Enter(string parent, string folder, bool isLink)
    {
        string[] chain = _chains[parent];
        string real = isLink ? RealPath(Path.Combine(_root, folder))
            : Path.Combine(chain[^1], folder[(folder.LastIndexOf('/') + 1)..]);
        if (isLink && chain.Any(above => IsAtOrAbove(real, above))) return false;
        _chains[folder] = [.. chain, real];
        return true;
    }

    /// <summary>The highest folder around a folder, below the root, that holds nothing else.</summary>
    private static string Alone(string folder, string root)
    {
        while (Path.GetDirectoryName(folder) is string above && above != root && IsAtOrAbove(root, above)
            && Directory.Exists(above) && Contents(above).Count == 1) folder = above;
        return folder;
    }

    /// <summary>True for the folder without classes, and for a link into it; forgets where it lies.</summary>
    private bool IsUnlabelled(string folder) => _unlabelled is not null
        && IsAtOrAbove(_unlabelled, _chains[folder][^1]) && _chains.Remove(folder);

    private static bool IsAtOrAbove(string folder, string other) => other == folder
        || other.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar,
            StringComparison.Ordinal);

    /// <summary>The path without links, those of the folders above included.</summary>
    private static string RealPath(string path)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        string full = Path.GetFullPath(Resolve(path) ?? path);
        string? parent = Path.GetDirectoryName(full);
        return parent is null ? full : Path.Combine(RealPath(parent), Path.GetFileName(full));
    }

    /// <summary>The end of a link, or the path itself where it is none; null for what leads nowhere: links in a circle,
    /// names that are too long.</summary>
    private static string? Resolve(string path)
    {
        try
        {
            return new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static List<(string Name, bool IsFolder, bool IsLink)> Contents(string path)
    {
        FileSystemEnumerable<(string, bool, bool)> contents = new(
            path,
            (ref FileSystemEntry entry) =>
                (entry.FileName.ToString(), entry.IsDirectory, entry.Attributes.HasFlag(FileAttributes.ReparsePoint)),
            Everything)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !ImageNames.IsHidden(entry.FileName)
                && (entry.IsDirectory || ImageNames.IsImage(entry.FileName) || ImageNames.IsForeign(entry.FileName)),
        };
        try
        {
            return [.. contents];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be listed: {error.Message}", error);
        }
    }
}
