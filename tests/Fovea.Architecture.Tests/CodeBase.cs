using ArchUnitNET.Domain;
using ArchUnitNET.Loader;

namespace Fovea.Architecture.Tests;

/// <summary>The built assemblies and the tracked sources of this repository.</summary>
internal static class CodeBase
{
    /// <summary>Project → its assembly, e.g. <c>Fovea.Vision</c>.</summary>
    public static IReadOnlyDictionary<string, System.Reflection.Assembly> Assemblies { get; } = Sources("src")
        .Select(file => file.Split('/')[1]).Distinct().ToDictionary(project => project, Load);

    /// <summary>Types of all projects and what they use, method bodies included.</summary>
    public static ArchUnitNET.Domain.Architecture Architecture { get; } =
        new ArchLoader().LoadAssemblies([.. Assemblies.Values]).Build();

    /// <summary>The repository's root.</summary>
    public static string Root => Checkout.Root;

    /// <summary>Types of a project that it declares itself.</summary>
    public static IEnumerable<IType> TypesOf(string project) =>
        Architecture.Types.Where(type => type.Namespace is not null && IsIn(type.Namespace.FullName, project));

    /// <summary>True for a namespace and all below it.</summary>
    public static bool IsIn(string space, string parent) =>
        space == parent || space.StartsWith(parent + ".", StringComparison.Ordinal);

    /// <summary>Source files below a folder, with paths from the root and slashes; nothing that a build made.</summary>
    public static IEnumerable<string> Sources(string folder, string extension = ".cs") =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*" + extension, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or ".git"))
            .Order(StringComparer.Ordinal);

    /// <summary>Lines of a source file.</summary>
    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    /// <summary>Fails with all that breaks a rule, one a line.</summary>
    public static void AssertNone(IEnumerable<string> violations)
    {
        string[] all = [.. violations];
        Assert.True(all.Length == 0, $"{all.Length}:\n" + string.Join('\n', all));
    }

    private static System.Reflection.Assembly Load(string project)
    {
        string name = project == "Fovea.Cli" ? "fovea" : project;   // the command's own name
        return System.Reflection.Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, name + ".dll"));
    }
}
