namespace Fovea.Data.Tests.Support;

/// <summary>Folders of real data beside the repository. Tests that need them are skipped where they
/// are not.</summary>
internal static class SharedFiles
{
    public static string Data(params string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable("FOVEA_DATA") ?? Find();
        Assert.SkipWhen(root is null, "There is no shared/data above the tests; set FOVEA_DATA.");
        string path = Path.Combine([root, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"{path} does not exist.");
        return path;
    }

    private static string? Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            string candidate = Path.Combine(at, "shared", "data");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
