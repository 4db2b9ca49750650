using System.IO.Enumeration;

namespace Fovea.Data.Datasets.Files;

/// <summary>Lists the images below a folder in torchvision's order: by folder, then by name, both by character
/// codes.</summary>
internal static class FolderWalk
{
    private const int MostLevels = 32;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false };

    /// <exception cref="DataException">A folder cannot be read, or a link leads out of the tree.</exception>
    public static EntryList List(string root)
    {
        TreeGuard guard = new(root);
        EntryList entries = new();
        // The smallest waiting folder is always the next in the order: whatever is still to be found lies below a
        // waiting one.
        PriorityQueue<string, string> waiting = new(StringComparer.Ordinal);
        waiting.Enqueue("", "");
        while (waiting.TryDequeue(out string? folder, out _))
        {
            foreach (string found in ListFolder(guard, folder, entries)) waiting.Enqueue(found, found);
        }

        return entries;
    }

    /// <summary>Adds the images of one folder.</summary>
    /// <returns>The folders in it.</returns>
    private static List<string> ListFolder(TreeGuard guard, string folder, EntryList entries)
    {
        if (folder.AsSpan().Count('/') >= MostLevels)
            throw new DataException($"{Path.Combine(guard.Root, folder)}: lies more than {MostLevels} folders deep.");
        List<string> files = [], folders = [];
        string prefix = folder.Length == 0 ? "" : folder + "/";
        foreach ((string name, bool isFolder, bool isLink) in Contents(Path.Combine(guard.Root, folder)))
        {
            if (isFolder && isLink) throw guard.FolderLink(prefix + name);
            if (isLink) guard.RequireInside(prefix + name);
            if (isFolder) folders.Add(prefix + name);
            else files.Add(name);
        }

        files.Sort(StringComparer.Ordinal);
        int number = entries.AddFolder(folder);
        foreach (string file in files) entries.Add(number, file);
        return folders;
    }

    private static List<(string Name, bool IsFolder, bool IsLink)> Contents(string path)
    {
        FileSystemEnumerable<(string, bool, bool)> contents = new(
            path,
            (ref FileSystemEntry entry) =>
                (entry.FileName.ToString(), entry.IsDirectory, entry.Attributes.HasFlag(FileAttributes.ReparsePoint)),
            Everything)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                entry.IsDirectory ? !ImageNames.IsHidden(entry.FileName) : ImageNames.IsImage(entry.FileName),
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
