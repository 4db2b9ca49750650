namespace Fovea.Architecture.Tests;

/// <summary>Types are internal unless somebody outside needs them.</summary>
public class PublicTypesTests
{
    private const string Accept = "FOVEA_ACCEPT_PUBLIC_TYPES";

    public static TheoryData<string> Libraries => [.. CodeBase.Assemblies.Keys];

    /// <summary>
    /// The files beside this one list the public types, so that every change of them shows in a diff. With the
    /// environment variable FOVEA_ACCEPT_PUBLIC_TYPES=1 they are written anew.
    /// </summary>
    [Theory]
    [MemberData(nameof(Libraries))]
    public void Public_types_are_those_that_are_listed(string project)
    {
        string file = Path.Combine(CodeBase.Root, "tests/Fovea.Architecture.Tests/PublicTypes", project + ".txt");
        IEnumerable<string> exported = CodeBase.Assemblies[project].GetExportedTypes().Select(type => type.FullName!);
        string[] types = [.. exported.Order(StringComparer.Ordinal)];
        if (Environment.GetEnvironmentVariable(Accept) == "1") File.WriteAllLines(file, types);
        string[] listed = File.ReadAllLines(file);
        IEnumerable<string> added = types.Except(listed).Select(type => $"+ {type}");
        string changes = string.Join('\n', added.Concat(listed.Except(types).Select(type => $"- {type}")));
        Assert.True(changes.Length == 0,
            $"{file} differs; if that is meant, run this test with {Accept}=1:\n{changes}");
    }

    /// <summary>Folders that are implementation show nothing but what others call.</summary>
    /// <param name="space">The folder's namespace, with all below it.</param>
    /// <param name="called">Types that other layers call, separated by commas.</param>
    [Theory]
    [InlineData("Fovea.Cli", "")]
    [InlineData("Fovea.Plotting.Canvas", "PlanarImage,Theme")]
    [InlineData("Fovea.Tensors.Backends.Cpu", "PeakMeasurement")]
    [InlineData("Fovea.Tensors.Backends.Meta", "MetaBackend")]
    [InlineData("Fovea.Tensors.Backends.Reference", "")]
    [InlineData("Fovea.Training.Tracking", "")]
    public void Implementation_is_internal(string space, string called)
    {
        Type[] types = [.. CodeBase.Assemblies.Values.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.Namespace is string own && CodeBase.IsIn(own, space))];
        Assert.NotEmpty(types);   // the folder has not been renamed
        CodeBase.AssertNone(types.Where(type => type.IsVisible).Select(type => type.Name).Except(called.Split(',')));
    }
}
