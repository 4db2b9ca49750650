namespace Fovea.Data.Tests.Support;

/// <summary>Folders of real data and golden values beside the repository. Tests that need them are skipped where they
/// are not.</summary>
internal static class SharedFiles
{
    public static string Data(params string[] parts) => Require("FOVEA_DATA", "data", parts);

    public static string Golden(params string[] parts) => Require("FOVEA_GOLDEN", "golden", parts);

    private static string Require(string variable, string folder, string[] parts)
    {
        string? root = Environment.GetEnvironmentVariable(variable) ?? Find(folder);
        Assert.SkipWhen(root is null, $"There is no shared/{folder} above the tests; set {variable}.");
        string path = Path.Combine([root, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"{path} does not exist.");
        return path;
    }

    private static string? Find(string folder)
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            string candidate = Path.Combine(at, "shared", folder);
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
