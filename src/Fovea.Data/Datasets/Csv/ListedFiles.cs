using Fovea.Core.Formats;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>
/// Finds the files that a list names: by their path below the list's folder; with back-slashes; with a path that is
/// absolute and ends in such a one; without an ending (Kaggle's ids); or by a name that only one image below the folder
/// has.
/// </summary>
internal sealed class ListedFiles(string root)
{
    private Dictionary<string, string?>? _byName;
    private string _prefix = "";

    /// <summary>Names that were not paths below the folder, and how they were found.</summary>
    public SortedDictionary<string, int> Ways { get; } = new(StringComparer.Ordinal);

    /// <summary>The path below the folder, with forward slashes; null where there is no such image.</summary>
    /// <param name="written">As it stands in the list.</param>
    /// <param name="isOutside">True where the path does not stay in the folder.</param>
    public string? Find(string written, out bool isOutside)
    {
        isOutside = false;
        if (Existing(written) is string plain) return plain;
        string path = written.Replace('\\', '/');
        if (path != written && Existing(path) is string turned) return turned;
        if (IsAbsolute(path)) return FindAbsolute(path, out isOutside);
        isOutside = !ImageNames.StaysInside(path);
        return isOutside ? null : FindByName(path);
    }

    private string? Existing(string path)
    {
        while (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
        bool isInside = path.Length > 0 && path[0] != '/' && !path.Contains('\0') && !path.Split('/').Contains("..")
            && !Path.IsPathRooted(path);
        return isInside && File.Exists(Path.Combine(root, path)) ? path : null;
    }

    private static bool IsAbsolute(string path) =>
        path.StartsWith('/') || (path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && path[2] == '/');

    /// <summary>Absolute paths lead into the folder, or did where the list was made.</summary>
    private string? FindAbsolute(string path, out bool isOutside)
    {
        isOutside = path.Split('/').Contains("..");
        if (isOutside) return null;
        string prefix = root.Replace('\\', '/').TrimEnd('/') + "/";
        if (path.StartsWith(prefix, StringComparison.Ordinal) && Existing(path[prefix.Length..]) is string inside)
            return inside;
        if (_prefix.Length > 0 && path.StartsWith(_prefix, StringComparison.Ordinal)
            && Existing(path[_prefix.Length..]) is string likewise) return Count("absolute in another place", likewise);
        isOutside = File.Exists(path);   // it is there, so it is not meant to be somewhere else
        if (isOutside) return null;
        for (int slash = path.IndexOf('/'); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            if (Existing(path[(slash + 1)..]) is not string found || !found.Contains('/')) continue;
            _prefix = path[..(slash + 1)];
            return Count("absolute in another place", found);
        }

        isOutside = !path.StartsWith(prefix, StringComparison.Ordinal);
        return null;
    }

    private string? FindByName(string path)
    {
        _byName ??= Index();
        while (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
        if (!_byName.TryGetValue(CanonicalText.Compose(path), out string? found)) return null;
        if (found is null)
            throw new DataException($"{root}: several images are called '{path}'; a list has to name their folders.");
        return Count("without folder or ending", found);
    }

    private string Count(string way, string found)
    {
        Ways[way] = Ways.GetValueOrDefault(way) + 1;
        return found;
    }

    /// <summary>Images by path and by name, with and without ending; null where several have that name.</summary>
    private Dictionary<string, string?> Index()
    {
        EntryList entries = FolderWalk.List(root);
        Dictionary<string, string?> paths = new(StringComparer.Ordinal), names = new(StringComparer.Ordinal);
        for (int entry = 0; entry < entries.Count; entry++)
        {
            string path = entries.PathOf(entry), name = entries.NameOf(entry);
            Add(paths, path, path);
            Add(paths, path[..^Path.GetExtension(path).Length], path);
            Add(names, name, path);
            Add(names, Path.GetFileNameWithoutExtension(name), path);
        }

        foreach ((string path, string? file) in paths) names[path] = file;   // a path says more than a name
        return names;
    }

    private static void Add(Dictionary<string, string?> index, string key, string path)
    {
        key = CanonicalText.Compose(key);
        index[key] = index.TryGetValue(key, out string? other) && other != path ? null : path;
    }
}
