namespace Fovea.Data.Datasets.Csv;

/// <summary>Which column of a list says what.</summary>
/// <param name="Path">Column of the image's path.</param>
/// <param name="Label">Column of its class.</param>
/// <param name="Split">Column of its part, or -1.</param>
internal sealed record CsvColumns(int Path, int Label, int Split)
{
    private static readonly string[] PathNames = ["path", "file", "filename", "filepath", "image", "image_path"];
    private static readonly string[] LabelNames = ["label", "class", "target", "category"];
    private static readonly string[] SplitNames = ["split", "part", "set", "subset"];

    /// <summary>The columns that a heading names; null where the row is none.</summary>
    public static CsvColumns? OfHeading(List<string> row)
    {
        string[] names = [.. row.Select(field => field.Trim().ToLowerInvariant())];
        int Find(string[] known) => Array.FindIndex(names, known.Contains);
        (int path, int label) = (Find(PathNames), Find(LabelNames));
        return path >= 0 && label >= 0 ? new CsvColumns(path, label, Find(SplitNames)) : null;
    }

    /// <summary>The columns of a list without a heading: path, label and perhaps split.</summary>
    public static CsvColumns OfWidth(int width) => new(0, 1, width > 2 ? 2 : -1);

    /// <summary>Fields that a row needs.</summary>
    public int Width => Math.Max(Path, Math.Max(Label, Split)) + 1;
}
