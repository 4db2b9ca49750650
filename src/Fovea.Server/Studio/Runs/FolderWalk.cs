namespace Fovea.Server.Studio.Runs;

/// <summary>Looks for runs and studies in folders. What a link leads out of them is not found, so that it cannot be
/// asked for either.</summary>
internal sealed class FolderWalk
{
    private const int LevelsDeep = 4;
    private const int MostFolders = 100_000;

    private static readonly HashSet<string> Inner = ["checkpoints", "figures", "wandb", "mlruns"];
    private readonly (string Name, string Path)[] _roots;

    /// <param name="folders">Where to look.</param>
    public FolderWalk(IReadOnlyList<string> folders)
    {
        HashSet<string> taken = new(StringComparer.Ordinal);
        _roots = [.. folders.Select(folder =>
        {
            string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            string name = Path.GetFileName(path) is { Length: > 0 } last ? last : "root";
            string free = name;
            for (int i = 2; !taken.Add(free); i++) free = $"{name}-{i}";
            return (free, path);
        })];
    }

    /// <summary>The first folder: where new runs go.</summary>
    public (string Name, string Path) First => _roots[0];

    /// <summary>All folders as they are shown.</summary>
    public IEnumerable<string> Folders => _roots.Select(root => root.Path);

    /// <summary>The runs and studies that are there.</summary>
    public IReadOnlyList<Place> Find()
    {
        int left = MostFolders;
        List<Place> found = [];
        foreach ((string name, string path) in _roots)
            found.AddRange(Below(name, path, Real(path), null, 0, ref left));
        return found;
    }

    /// <summary>True where a file is a file and lies, whatever links lead to it, in one of the folders.</summary>
    public bool Owns(string file)
    {
        string real = Real(Path.GetDirectoryName(file)!);
        try
        {
            if (new FileInfo(file).LinkTarget is not null) real = Path.GetDirectoryName(Resolved(file))!;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        return _roots.Any(root => IsIn(real, Real(root.Path)));
    }

    private static List<Place> Below(string id, string path, string root, string? study, int depth, ref int left)
    {
        List<Place> found = [];
        if (left-- <= 0) return found;
        try
        {
            if (File.Exists(Path.Combine(path, "config.yaml")))
            {
                found.Add(new(id, path, study, IsStudy: false));
                return found;
            }

            bool isStudy = File.Exists(Path.Combine(path, "status.json"))
                || File.Exists(Path.Combine(path, "study.json"));
            if (isStudy) found.Add(new(study = id, path, null, IsStudy: true));
            if (depth == LevelsDeep) return found;
            foreach (DirectoryInfo folder in new DirectoryInfo(path).EnumerateDirectories()
                .OrderBy(one => one.Name, StringComparer.Ordinal))
            {
                if (Inner.Contains(folder.Name) || folder.Name[0] == '.') continue;
                if (folder.Attributes.HasFlag(FileAttributes.ReparsePoint) && !IsIn(Real(folder.FullName), root))
                    continue;
                found.AddRange(Below($"{id}/{folder.Name}", folder.FullName, root, study, depth + 1, ref left));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // gone meanwhile, or not for this user: others are still found
        }

        return found;
    }

    private static bool IsIn(string path, string root) =>
        path == root || path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The path without links, of the folder and of those above it.</summary>
    private static string Real(string path)
    {
        try
        {
            string real = Path.GetPathRoot(path)!;
            foreach (string part in path[real.Length..].Split(Path.DirectorySeparatorChar,
                StringSplitOptions.RemoveEmptyEntries))
            {
                real = Path.Combine(real, part);
                if (new DirectoryInfo(real).LinkTarget is not null) real = Resolved(real);
            }

            return real;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }

    private static string Resolved(string link) =>
        Path.TrimEndingDirectorySeparator(File.ResolveLinkTarget(link, returnFinalTarget: true)?.FullName ?? link);
}

/// <summary>A run or a study in a folder.</summary>
/// <param name="Id">Names from the folder on, with slashes between them.</param>
/// <param name="Path">The directory.</param>
/// <param name="Study">The study that a run is a cell of; null: none.</param>
/// <param name="IsStudy">It is a study.</param>
internal sealed record Place(string Id, string Path, string? Study, bool IsStudy);
