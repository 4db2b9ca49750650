namespace Fovea.Data.Downloads;

/// <summary>Room on a disk.</summary>
internal static class DiskSpace
{
    /// <summary>Bytes that this user may still write where a path lies, which need not exist; null: not
    /// known.</summary>
    public static long? At(string path)
    {
        try
        {
            string? folder = Path.GetFullPath(path);
            while (folder is not null && !Directory.Exists(folder)) folder = Path.GetDirectoryName(folder);
            return folder is null ? null : new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;   // a network path, or a system that does not say
        }
    }
}
