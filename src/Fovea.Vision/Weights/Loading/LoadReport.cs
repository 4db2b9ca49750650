namespace Fovea.Vision.Weights.Loading;

/// <summary>Fate of a file's tensors and of a model's.</summary>
/// <param name="Path">The file.</param>
/// <param name="Source">How it names its tensors, e.g. <c>Hugging Face, under 'teacher.'</c>.</param>
/// <param name="Total">Tensors of the model.</param>
/// <param name="Loaded">Names of those that got values from the file, resized ones included.</param>
/// <param name="Missing">Names of the model that the file lacks; they keep their first values.</param>
/// <param name="Fresh">Names of a head for another number of classes; they keep their first values.</param>
/// <param name="Unexpected">Names of the file that the model lacks.</param>
/// <param name="Resized">What had another shape and was made to fit.</param>
public sealed record LoadReport(
    string Path, string Source, int Total, IReadOnlyList<string> Loaded, IReadOnlyList<string> Missing,
    IReadOnlyList<string> Fresh,
    IReadOnlyList<string> Unexpected, IReadOnlyList<ResizedWeight> Resized)
{
    private const int Shown = 4;

    /// <summary>Everything fitted as it was.</summary>
    public bool IsComplete => Missing.Count + Fresh.Count + Unexpected.Count + Resized.Count == 0;

    /// <summary>For example <c>vit.pth (timm): 150 of 152 tensors loaded; fresh head for other classes: head.weight,
    /// head.bias</c>.</summary>
    public override string ToString() =>
        $"{System.IO.Path.GetFileName(Path)} ({Source}): "
            + string.Join("; ", Differences().Prepend($"{Loaded.Count} of {Total} tensors loaded"));

    /// <summary>Differences, in words; empty where everything did.</summary>
    internal IEnumerable<string> Differences() =>
    [
        .. Listed("resized", [.. Resized.Select(weight => weight.ToString())]),
        .. Listed("fresh head for other classes", Fresh),
        .. Listed("missing in the file", Missing), .. Listed("not in the model", Unexpected),
    ];

    private static IEnumerable<string> Listed(string what, IReadOnlyList<string> names)
    {
        if (names.Count == 0) return [];
        string more = names.Count > Shown ? $" and {names.Count - Shown} more" : "";
        return [$"{what}: {string.Join(", ", names.Take(Shown))}{more}"];
    }
}
