using ArchUnitNET.Domain;

namespace Fovea.Architecture.Tests;

/// <summary>Folders are namespaces, and what they use of each other has a direction.</summary>
public class FolderTests
{
    public static TheoryData<string> Projects => [.. CodeBase.Assemblies.Keys];

    /// <summary>
    /// At every level, folders use each other in one direction: each folder with all below it, and the loose files
    /// beside them as one more folder.
    /// </summary>
    [Theory]
    [MemberData(nameof(Projects))]
    public void No_cycle_between_the_folders_of_a_project(string project)
    {
        List<Use> uses = [.. CodeBase.TypesOf(project).SelectMany(type => UsesOf(type, project)).Distinct()];
        List<string> cycles = [];
        IEnumerable<string> levels = uses.SelectMany(use => Parents(use.From, project)).Distinct();
        foreach (string level in levels.Order(StringComparer.Ordinal)) cycles.AddRange(CyclesAt(level, uses));
        CodeBase.AssertNone(cycles);
    }

    [Fact]
    public void Folders_are_namespaces()
    {
        List<string> wrong = [];
        foreach (string file in CodeBase.Sources("src"))
        {
            string folder = file[(file.IndexOf('/') + 1)..file.LastIndexOf('/')].Replace('/', '.');
            // one class in many files each
            if (folder is "Fovea.Tensors.Ops" or "Fovea.Tensors.Backends") folder = "Fovea.Tensors";
            string? space = Array.Find(CodeBase.Lines(file),
                line => line.StartsWith("namespace ", StringComparison.Ordinal));
            if (space is not null && space != $"namespace {folder};") wrong.Add($"{file}: {space}");
        }

        CodeBase.AssertNone(wrong);
    }

    private static IEnumerable<Use> UsesOf(IType type, string project) =>
        from target in type.Dependencies.Select(dependency => dependency.Target)
        where target.Namespace is not null   // generic parameters have none
        let space = target.Namespace.FullName
        where CodeBase.IsIn(space, project) && space != type.Namespace.FullName
        select new Use(type.Namespace.FullName, space, type.Name, target.Name);

    private static IEnumerable<string> Parents(string space, string project)
    {
        for (; CodeBase.IsIn(space, project); space = space[..space.LastIndexOf('.')]) yield return space;
    }

    private static IEnumerable<string> CyclesAt(string level, List<Use> uses)
    {
        ILookup<string, (string To, Use Use)> edges = uses
            .Where(use => CodeBase.IsIn(use.From, level) && CodeBase.IsIn(use.To, level))
            .Select(use => (From: FolderAt(level, use.From), To: FolderAt(level, use.To), Use: use))
            .Where(edge => edge.From != edge.To).ToLookup(edge => edge.From, edge => (edge.To, edge.Use));
        HashSet<string> told = [];
        foreach (string folder in edges.Select(group => group.Key).Order(StringComparer.Ordinal))
        {
            if (told.Contains(folder) || Way(folder, folder, edges) is not { } way) continue;
            told.UnionWith(way.Select(step => FolderAt(level, step.From)));
            yield return $"{level}: " + string.Join(", ", way.Select(use =>
                $"{FolderAt(level, use.From)} → {FolderAt(level, use.To)} ({use.User} uses {use.Used})"));
        }
    }

    /// <summary>The shortest way along uses; null: there is none.</summary>
    private static List<Use>? Way(string from, string to, ILookup<string, (string To, Use Use)> edges)
    {
        Dictionary<string, List<Use>> ways = new() { [from] = [] };
        Queue<string> next = new([from]);
        while (next.TryDequeue(out string? folder))
        {
            foreach ((string target, Use use) in edges[folder])
            {
                if (target == to) return [.. ways[folder], use];
                if (ways.TryAdd(target, [.. ways[folder], use])) next.Enqueue(target);
            }
        }

        return null;
    }

    private static string FolderAt(string level, string space) =>
        space == level ? "(loose files)" : space[(level.Length + 1)..].Split('.')[0];

    private sealed record Use(string From, string To, string User, string Used);
}
