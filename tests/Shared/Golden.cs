using System.Text.Json;

namespace Fovea.Tests;

/// <summary>
/// A golden case: weights, inputs and what a reference implementation computed from them. Cases lie in the folder named by
/// <c>FOVEA_GOLDEN</c>, else in the first <c>shared/golden</c> found on the way up from the test assembly.
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

    /// <summary>Loads a case, or returns null where there are no golden data: for data of theories, which are made before any test runs.</summary>
    public static Golden? Find(string caseName) =>
        FindRoot() is { } root && Directory.Exists(Path.Combine(root, caseName)) ? new Golden(Path.Combine(root, caseName)) : null;

    /// <summary>Loads a case; skips the running test where there are no golden data.</summary>
    public static Golden Load(string caseName)
    {
        Golden? golden = Find(caseName);
        Assert.SkipWhen(golden is null, $"There is no golden case '{caseName}' in {FindRoot() ?? "shared/golden"}; set FOVEA_GOLDEN to the folder of the cases.");
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

    private static string? FindRoot()
    {
        if (Environment.GetEnvironmentVariable("FOVEA_GOLDEN") is { Length: > 0 } named) return named;
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "golden");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}
