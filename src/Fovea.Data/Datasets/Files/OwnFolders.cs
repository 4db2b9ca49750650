namespace Fovea.Data.Datasets.Files;

/// <summary>Folders that commands have written, which may lie among the images that they learn from.</summary>
internal static class OwnFolders
{
    /// <summary>Folders of runs, of studies, their cells.</summary>
    private const int MostLevels = 4;

    /// <summary>True for what a run, a study, a search for the learning rate or an explanation has written, and for a
    /// folder that holds such and no images of its own.</summary>
    public static bool IsOne(string folder)
    {
        try
        {
            return Holds(folder, MostLevels) == true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;   // listing it will say so
        }
    }

    /// <summary>True: own folders alone. False: images. Null: neither.</summary>
    private static bool? Holds(string folder, int levels)
    {
        bool Has(string file) => File.Exists(Path.Combine(folder, file));
        if (Has("config.yaml") && Directory.Exists(Path.Combine(folder, "checkpoints"))) return true;
        if ((Has("study.json") && Has("study.csv")) || Has("find-lr.svg") || Has("explain.html")) return true;
        if (levels == 0) return false;
        bool? holds = null;
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (ImageNames.IsHidden(entry.Name)) continue;
            bool? own = entry is DirectoryInfo ? Holds(entry.FullName, levels - 1)
                : ImageNames.IsImage(entry.Name) ? false : null;
            if (own == false) return false;
            holds = own ?? holds;
        }

        return holds;
    }
}
