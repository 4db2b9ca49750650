using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Datasets.Files;

/// <summary>A folder or a zip archive with images.</summary>
/// <param name="Path">The folder or archive.</param>
/// <param name="Store">Its images.</param>
internal sealed record ImageTree(string Path, IImageStore Store)
{
    public EntryList Entries => Store.Entries;

    /// <summary>Lists a folder, or an archive where the path is that of a file.</summary>
    /// <param name="path">A folder or an archive.</param>
    /// <param name="limits">What an image may cost.</param>
    /// <param name="unlabelled">A folder whose images have no classes, which is left out; null: none.</param>
    /// <exception cref="DataException">It is neither, or cannot be listed.</exception>
    public static ImageTree Open(string path, DecodeLimits limits, string? unlabelled = null)
    {
        if (Directory.Exists(path))
            return new(path, new FolderStore(path, FolderWalk.List(path, unlabelled: unlabelled), limits));
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase)) return new(path, ZipStore.Open(path, limits));
        throw new DataException($"{path}: is a file; a folder (or a zip archive) with images is expected.");
    }

    /// <summary>Names of the folders directly in a folder.</summary>
    /// <param name="folder">Relative, or empty.</param>
    public string[] FoldersIn(string folder)
    {
        string prefix = Prefix(folder);
        return [.. Entries.Folders.Where(path => path.Length > prefix.Length
            && path.StartsWith(prefix, StringComparison.Ordinal))
            .Select(path => path[prefix.Length..].Split('/')[0]).Distinct()];
    }

    /// <summary>Files that lie in a folder itself.</summary>
    public int[] FilesIn(string folder) =>
        [.. Enumerable.Range(0, Entries.Count).Where(entry => Entries.Folders[Entries.FolderOf(entry)] == folder)];

    /// <summary>Files below the folders of classes, with the classes' numbers.</summary>
    /// <param name="folder">Holds the folders of classes.</param>
    /// <param name="classes">Their numbers.</param>
    /// <exception cref="DataException">A folder's class does not exist, or a folder has no images.</exception>
    public LabelledEntries Label(string folder, ClassList classes)
    {
        string prefix = Prefix(folder);
        int[] labels = [.. Entries.Folders.Select(path => LabelOf(path, prefix, classes))];
        List<int> entries = [], labelled = [];
        for (int entry = 0; entry < Entries.Count; entry++)
        {
            if (labels[Entries.FolderOf(entry)] is not (>= 0 and int label)) continue;
            entries.Add(entry);
            labelled.Add(label);
        }

        HashSet<int> filled = [.. labelled];
        string[] empty = [.. FoldersIn(folder).Where(name => !filled.Contains(classes.IndexOf(name)))
            .Order(StringComparer.Ordinal)];
        return empty.Length == 0 ? new LabelledEntries([.. entries], [.. labelled]) : throw new DataException(
            $"{Path}: {(empty.Length == 1 ? "the class folder" : $"{empty.Length} class folders")} "
                + $"{Listing.Of(empty.Select(name => $"'{prefix}{name}'"))} "
            + "without any image; fill or remove what is empty.");
    }

    private int LabelOf(string path, string prefix, ClassList classes)
    {
        if (path.Length <= prefix.Length || !path.StartsWith(prefix, StringComparison.Ordinal)) return -1;
        string name = path[prefix.Length..].Split('/')[0];
        return classes.IndexOf(name) is >= 0 and int label ? label : throw new DataException(
            $"{Path}: the folder '{prefix}{name}' belongs to no class; the {classes.Count} classes are "
                + $"{Listing.Of(classes.Ids)}. A file classes.txt can list them all.");
    }

    private static string Prefix(string folder) => folder.Length == 0 ? "" : folder + "/";
}
