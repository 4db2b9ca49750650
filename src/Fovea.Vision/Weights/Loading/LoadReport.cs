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

    /// <summary>Parts of the file that are no part of the model, with numbers of tensors: <c>student (150)</c>,
    /// <c>teacher.head (5)</c>.</summary>
    public IReadOnlyList<string> LeftAside { get; init; } = [];

    /// <summary>Those of <see cref="Unexpected"/> that say nothing of their own: tables that the model computes by
    /// itself, counters, what only training uses.</summary>
    internal IReadOnlyList<string> Idle { get; init; } = [];

    /// <summary>Everything fitted as it was.</summary>
    public bool IsComplete => Missing.Count + Fresh.Count + Unexpected.Count + Resized.Count == 0;

    /// <summary>
    /// What is incomplete, in a sentence with numbers, by part of the model: tensors that the file lacks, and tensors
    /// that the model lacks; null where there is none of it. A head that is to be learned anew does not count, nor does
    /// a head that the model lacks, or what says nothing of its own (positions that nothing trains, counters).
    /// </summary>
    public string? Incomplete
    {
        get
        {
            string[] missing = [.. Missing.Where(name => !ModelStages.IsHead(name))];
            string[] dropped = [.. Unexpected.Where(name => !ModelStages.IsHead(name) && !Idle.Contains(name))];
            if (missing.Length + dropped.Length == 0) return null;
            string head = Fresh.Count + Missing.Count > missing.Length ? ", and a new head" : "";
            IEnumerable<string> parts =
            [
                $"{Loaded.Count} of the model's {Total} tensors are loaded",
                .. missing.Length == 0 ? [] : (string[])[$"left random: {ModelParts.Describe(missing)}{head}"],
                .. dropped.Length == 0 ? []
                    : (string[])[$"in the file, but not in the model: {ModelParts.List(dropped, Shown)}"],
            ];
            return string.Join("; ", parts);
        }
    }

    /// <summary>For example <c>vit.pth (timm): 150 of 152 tensors loaded; fresh head for other classes: head.weight,
    /// head.bias</c>.</summary>
    public override string ToString() =>
        $"{System.IO.Path.GetFileName(Path)} ({Source}): "
            + string.Join("; ", Differences().Prepend($"{Loaded.Count} of {Total} tensors loaded")
                .Concat(Listed("left aside", LeftAside)));

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
