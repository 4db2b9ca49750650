using System.Text.Json;

namespace Fovea.Tests;

/// <summary>
/// A golden case: weights, inputs and what a reference implementation computed from them. A case is looked for in the
/// folder named by <c>FOVEA_GOLDEN</c>, then in the first <c>shared/golden</c> on the way up from the test assembly,
/// then in the repository's own <c>tests/golden</c>.
/// </summary>
internal sealed class Golden
{
    private static readonly IReadOnlyDictionary<string, StoredTensor> None = new Dictionary<string, StoredTensor>();

    private Golden(string folder)
    {
        Folder = folder;
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        Case = document.RootElement.Clone();
        Tensors = ReadIfThere("io.safetensors");
        Weights = ReadIfThere("weights.safetensors");
    }

    /// <summary>The case's folder, for further files.</summary>
    public string Folder { get; }

    /// <summary>All of case.json.</summary>
    public JsonElement Case { get; }

    /// <summary>Its <c>config</c>.</summary>
    public JsonElement Config => Case.GetProperty("config");

    /// <summary>Inputs and expected results by name.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Parameters and buffers under the reference's names; empty where the case has none.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Weights { get; }

    /// <summary>An input or expected result.</summary>
    public StoredTensor this[string name] => Tensors[name];

    /// <summary>Loads a case, or returns null where there are no golden data: for data of theories, which are made
    /// before any test runs.</summary>
    public static Golden? Find(string caseName) =>
        Roots().Select(root => Path.Combine(root, caseName)).FirstOrDefault(Directory.Exists) is { } folder
            ? new(folder) : null;

    /// <summary>Loads a case; skips the running test where there are no golden data.</summary>
    public static Golden Load(string caseName)
    {
        Golden? golden = Find(caseName);
        Assert.SkipWhen(golden is null,
            $"There is no golden case '{caseName}'; set FOVEA_GOLDEN to the folder of the cases.");
        return golden;
    }

    /// <summary>Absolute and relative tolerance of a kind of result, e.g. <c>forward</c> or <c>grad</c>.</summary>
    public (double Absolute, double Relative) Tolerance(string kind)
    {
        JsonElement tolerance = Case.GetProperty("tolerance").GetProperty(kind);
        return (tolerance.GetProperty("atol").GetDouble(), tolerance.GetProperty("rtol").GetDouble());
    }

    private IReadOnlyDictionary<string, StoredTensor> ReadIfThere(string file)
    {
        string path = Path.Combine(Folder, file);
        return File.Exists(path) ? SafetensorsFile.Read(path) : None;
    }

    private static IEnumerable<string> Roots()
    {
        if (Environment.GetEnvironmentVariable("FOVEA_GOLDEN") is { Length: > 0 } named) yield return named;
        else if (Above("shared") is { } shared) yield return shared;
        if (Above("tests") is { } own) yield return own;
    }

    /// <summary>The first folder <c>golden</c> in a folder of this name on the way up from the test assembly.</summary>
    private static string? Above(string parent)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, parent, "golden");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
