namespace Fovea.Tests;

/// <summary>The repository's files, found from where the tests were built: in deterministic builds, as CI makes them,
/// paths of sources name no real folder.</summary>
internal static class Checkout
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>A file or folder of the repository.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Fovea.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("Fovea.slnx is not above the tests.");
    }
}
