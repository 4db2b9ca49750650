namespace Fovea.Architecture.Tests;

/// <summary>References point down only.</summary>
public class LayerTests
{
    /// <summary>Project → the projects right below it; what these stand on may be used too.</summary>
    private static readonly Dictionary<string, string[]> Below = new()
    {
        ["Fovea.Core"] = [],
        ["Fovea.Tensors"] = ["Fovea.Core"],
        ["Fovea.Data"] = ["Fovea.Core"],
        ["Fovea.Plotting"] = ["Fovea.Core"],
        ["Fovea.Nn"] = ["Fovea.Tensors"],
        ["Fovea.Vision"] = ["Fovea.Nn"],
        ["Fovea.Training"] = ["Fovea.Vision", "Fovea.Data"],
        ["Fovea.Export"] = ["Fovea.Training"],
        ["Fovea.Lab"] = ["Fovea.Training", "Fovea.Plotting"],
        ["Fovea.Server"] = ["Fovea.Lab"],
        ["Fovea.Torch"] = ["Fovea.Tensors"],
        ["Fovea.Mpi"] = ["Fovea.Core"],
        ["Fovea.Cli"] = ["Fovea.Lab", "Fovea.Export", "Fovea.Server", "Fovea.Torch", "Fovea.Mpi"],
    };

    public static TheoryData<string> Projects => [.. Below.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_only_those_below_it(string project)
    {
        IEnumerable<string> used = CodeBase.Assemblies[project].GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("Fovea.", StringComparison.Ordinal));
        CodeBase.AssertNone(used.Except(AllBelow(project)));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_file_names_only_those_below_it(string project)
    {
        string file = string.Join('\n', CodeBase.Lines($"src/{project}/{project}.csproj"));
        IEnumerable<string> named = file.Split("<ProjectReference Include=\"").Skip(1)
            .Select(rest => Path.GetFileNameWithoutExtension(rest[..rest.IndexOf('"')]));
        CodeBase.AssertNone(named.Except(AllBelow(project)));
    }

    /// <summary>No type hides in another layer's namespace.</summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_declares_types_in_its_own_namespace(string project)
    {
        IEnumerable<string> foreign = CodeBase.Assemblies[project].GetTypes()
            .Where(type => type.Namespace is string space && space.StartsWith("Fovea", StringComparison.Ordinal))
            .Where(type => !CodeBase.IsIn(type.Namespace!, project)).Select(type => type.FullName!);
        CodeBase.AssertNone(foreign);
    }

    private static IEnumerable<string> AllBelow(string project) =>
        Below[project].SelectMany(lower => AllBelow(lower).Append(lower)).Distinct();
}
