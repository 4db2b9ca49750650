namespace Fovea.Tests;

/// <summary>Datasets beside the repository.</summary>
internal static class SharedData
{
    /// <summary>The shared subset of CIFAR-10; skips where there is none.</summary>
    internal static string Cifar()
    {
        string? data = Environment.GetEnvironmentVariable("FOVEA_DATA");
        for (DirectoryInfo? above = new(AppContext.BaseDirectory); data is null && above is not null;
            above = above.Parent)
            if (Directory.Exists(Path.Combine(above.FullName, "shared", "data")))
                data = Path.Combine(above.FullName, "shared", "data");
        string folder = Path.Combine(data ?? "", "cifar10");
        Assert.SkipWhen(data is null || !Directory.Exists(folder), "There is no shared/data/cifar10 above the tests.");
        return folder;
    }
}
