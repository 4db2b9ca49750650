using System.Runtime.InteropServices;
using Fovea.Packages.Tests.Support;

[assembly: AssemblyFixture(typeof(PackedFeed))]

namespace Fovea.Packages.Tests.Support;

/// <summary>All packages, packed once from a copy of the sources, so that nothing of the checkout is built
/// anew.</summary>
public sealed class PackedFeed : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<string> _feed;

    /// <summary>A feed that is packed when it is first asked for.</summary>
    public PackedFeed() => _feed = new(Pack);

    /// <summary>The folder of the packed files.</summary>
    public string Feed => _feed.Value;

    /// <summary>The version that the sources give.</summary>
    public static string Version { get; } = Between(
        File.ReadAllText(Checkout.At("Directory.Build.props")), "<Version>", "</Version>");

    /// <summary>The names of all library packages: those of the projects, without the command.</summary>
    public static IEnumerable<string> Libraries { get; } = [.. Directory
        .EnumerateDirectories(Checkout.At("src")).Select(project => Path.GetFileName(project))
        .Where(name => name != "Fovea.Cli").Order(StringComparer.Ordinal)];

    /// <summary>This machine, as .NET names it in packages.</summary>
    public static string Platform => RuntimeInformation.RuntimeIdentifier;

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    private string Pack()
    {
        string sources = _folder["sources"], packages = _folder["packages"];
        foreach (string name in (string[])
            ["Directory.Build.props", "Directory.Packages.props", "global.json", ".editorconfig", "LICENSE"])
            Copy(Checkout.At(name), Path.Combine(sources, name));
        foreach (string file in Directory.EnumerateFiles(
            Checkout.At("src"), "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(Checkout.Root, file);
            string[] parts = relative.Split(Path.DirectorySeparatorChar);
            if (!parts.Contains("bin") && !parts.Contains("obj")) Copy(file, Path.Combine(sources, relative));
        }
        string[] options = ["-c", "Release", "-o", packages, "-p:RunAnalyzers=false",
            "-p:EnforceCodeStyleInBuild=false"];
        Command.Run(
            sources, "dotnet", ["pack", "src/Fovea.Cli", .. options, $"-p:ToolPackageRuntimeIdentifiers={Platform}"]);
        foreach (string library in Libraries)
            Command.Run(sources, "dotnet", ["pack", $"src/{library}", "--no-restore", "--no-build", .. options]);
        return packages;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to);
    }

    private static string Between(string text, string before, string after)
    {
        int start = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        return text[start..text.IndexOf(after, start, StringComparison.Ordinal)];
    }
}
