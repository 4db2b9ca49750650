using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>Which column of a list says what.</summary>
/// <param name="Path">Column of the image's path.</param>
/// <param name="Label">Column of its class.</param>
/// <param name="Split">Column of its part, or -1.</param>
internal sealed record CsvColumns(int Path, int Label, int Split)
{
    /// <summary>Headings by preference, without case, spaces, dashes and underscores.</summary>
    private static readonly string[] PathNames = ["path", "filepath", "imagepath", "imgpath", "relativepath", "relpath",
        "file", "filename", "imagefile", "imagefilename", "imagename", "imgname", "image", "images", "img", "imageid",
        "imgid", "idcode", "id", "name"],
        LabelNames = ["label", "labels", "class", "classname", "classlabel", "labelname", "target", "category",
            "categoryname", "groundtruth", "gt", "groundtruthlabel", "classid", "labelid", "categoryid", "classindex",
            "species", "breed", "diagnosis", "emotion", "y"],
        SplitNames = ["split", "part", "set", "subset", "partition", "phase", "usage", "tags"];

    /// <summary>Headings that are looked for, for messages.</summary>
    public static string Known => "path, file_name, filepath, image or image_id for the image; label, class, target, "
        + "category or ground_truth for its class; split for its part";

    /// <summary>
    /// The columns that a heading names; null where the row is none. Where there are two columns and one is known, the
    /// other is the other.
    /// </summary>
    public static CsvColumns? OfHeading(List<string> row)
    {
        string[] names = [.. row.Select(Plain)];
        int Find(string[] known) => known.Select(name => Array.IndexOf(names, name)).FirstOrDefault(at => at >= 0, -1);
        (int path, int label, int split) = (Find(PathNames), Find(LabelNames), Find(SplitNames));
        if (names.Length == 2 && split < 0 && path >= 0 != label >= 0 && !row.Any(IsImage))
            (path, label) = path >= 0 ? (path, 1 - path) : (1 - label, label);
        return path >= 0 && label >= 0 && path != label ? new CsvColumns(path, label, split) : null;
    }

    /// <summary>Columns of a list of several labels: of the image, of all labels together, and of the part; -1 for
    /// those that are not there.</summary>
    public static (int Path, int Labels, int Split) OfLabels(List<string> heading)
    {
        string[] names = [.. heading.Select(Plain)];
        int Find(IEnumerable<string> known) =>
            known.Select(name => Array.IndexOf(names, name)).FirstOrDefault(at => at >= 0, -1);
        int labels = Find(LabelNames.Concat(["tags", "tag", "attributes", "objects"]));
        int split = Find(SplitNames.Where(name => name != "tags"));
        return (Find(PathNames), labels, split);
    }

    /// <summary>True for a first row that names columns, though not those that are looked for: it names no image, but
    /// the next row does, or one of its names is known.</summary>
    public static bool IsOtherHeading(List<string> row, List<string>? next)
    {
        if (row.Any(IsImage)) return false;
        string[] names = [.. row.Select(Plain)];
        return names.Any(name => LabelNames.Contains(name) || PathNames.Contains(name))
            || (next is not null && next.Any(IsImage));
    }

    /// <summary>The columns of a list without a heading: path, label and perhaps split.</summary>
    public static CsvColumns OfWidth(int width) => new(0, 1, width > 2 ? 2 : -1);

    /// <summary>Fields that a row needs.</summary>
    public int Width => Math.Max(Path, Math.Max(Label, Split)) + 1;

    private static bool IsImage(string field) => ImageNames.IsImage(
        field.Trim().AsSpan()[(field.Trim().LastIndexOfAny(['/', '\\']) + 1)..]);

    private static string Plain(string field) =>
        string.Concat(field.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
