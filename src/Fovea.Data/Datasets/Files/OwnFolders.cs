namespace Fovea.Data.Datasets.Files;

/// <summary>Folders that runs and studies have written, which may lie among the images that they learn from.</summary>
internal static class OwnFolders
{
    /// <summary>Folders of runs, of studies, their cells.</summary>
    private const int MostLevels = 4;

    /// <summary>True for a run, a study, and a folder that holds such and no images of its own.</summary>
    public static bool IsOne(string folder)
    {
        try
        {
            return IsOne(folder, MostLevels);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;   // listing it will say so
        }
    }

    private static bool IsOne(string folder, int levels)
    {
        bool Has(string file) => File.Exists(Path.Combine(folder, file));
        if (Has("config.yaml") && Directory.Exists(Path.Combine(folder, "checkpoints"))) return true;
        if (Has("study.json") && Has("study.csv")) return true;
        if (levels == 0) return false;
        bool holdsSome = false;
        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (ImageNames.IsHidden(entry.Name)) continue;
            if (entry is not DirectoryInfo)
            {
                if (ImageNames.IsImage(entry.Name)) return false;
            }
            else if (IsOne(entry.FullName, levels - 1)) holdsSome = true;
            else return false;
        }

        return holdsSome;
    }
}
