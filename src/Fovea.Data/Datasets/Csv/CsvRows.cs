using Fovea.Core.Formats;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>Rows of a list of images, checked but for the classes.</summary>
internal sealed class CsvRows
{
    private readonly Dictionary<string, int> _folders = new(StringComparer.Ordinal),
        _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Line, int Label)> _seen = new(StringComparer.Ordinal);
    private readonly List<string> _labelNames = [], _splits = [], _missing = [], _conflicts = [];
    private readonly List<int> _label = [], _firstLines = [];
    private readonly string _file;
    private readonly ListedFiles _files;
    private int _blanks;

    private CsvRows(string file, string folder) => (_file, _files) = (file, new ListedFiles(folder));

    /// <summary>The images, in the order of the rows.</summary>
    public EntryList Entries { get; } = new();

    /// <summary>For each image, which of <see cref="LabelNames"/>.</summary>
    public IReadOnlyList<int> Labels => _label;

    /// <summary>Labels as they are written, in the order in which they come.</summary>
    public IReadOnlyList<string> LabelNames => _labelNames;

    /// <summary>The line in which each label comes first.</summary>
    public IReadOnlyList<int> FirstLines => _firstLines;

    /// <summary>For each image, <c>train</c>, <c>val</c> or <c>test</c>.</summary>
    public IReadOnlyList<string> Splits => _splits;

    /// <summary>Rows that give an image another label than a row before, both named.</summary>
    public IReadOnlyList<string> Conflicts => _conflicts;

    /// <summary>Notes on what was taken in another way than it is written, a sentence each.</summary>
    public IEnumerable<string> Notes =>
    [
        .. _files.Ways.Select(way => $"{way.Value} {(way.Value == 1 ? "path" : "paths")} of the list, {way.Key}, "
            + "were found below its folder."),
        .. _blanks == 0 ? (string[])[] : [$"{_blanks} {(_blanks == 1 ? "row" : "rows")} of the list without any value "
            + $"{(_blanks == 1 ? "is" : "are")} left out."],
    ];

    /// <exception cref="DataException">A row is wrong, or files are not there.</exception>
    public static CsvRows Read(string file, string folder)
    {
        CsvRows rows = new(file, folder);
        rows.ReadAll(CsvTable.Open(TextFile.Read(file), file));
        return rows;
    }

    private void ReadAll(CsvReader reader)
    {
        using IEnumerator<(int Line, List<string> Fields)> rows = Filled(reader).GetEnumerator();
        (int Line, List<string> Fields)? first = Next(rows);
        if (first is { } row)
        {
            CsvColumns? columns = CsvColumns.OfHeading(row.Fields);
            (int Line, List<string> Fields)? next = Next(rows);
            if (columns is null)
            {
                RequireNoHeading(row.Fields, next?.Fields);
                columns = CsvColumns.OfWidth(row.Fields.Count);
                Add(row, columns, row.Fields);
            }

            for (; next is { } following; next = Next(rows)) Add(following, columns, row.Fields);
        }

        if (_missing.Count > 0)
            throw new DataException($"{_file}: {_missing.Count} images are not there: {Listing.Of(_missing)}.");
        if (Entries.Count == 0)
            throw new DataException($"{_file}: lists no images; a row is path,label or path,label,split.");
    }

    private static (int Line, List<string> Fields)? Next(IEnumerator<(int Line, List<string> Fields)> rows) =>
        rows.MoveNext() ? rows.Current : null;

    private IEnumerable<(int Line, List<string> Fields)> Filled(CsvReader reader)
    {
        while (reader.Next() is List<string> row)
        {
            if (row.TrueForAll(string.IsNullOrWhiteSpace)) _blanks++;
            else yield return (reader.Line, row);
        }
    }

    private void RequireNoHeading(List<string> row, List<string>? next)
    {
        // a first row that names an image that is there is no heading, whatever its other fields say
        if (!CsvColumns.IsOtherHeading(row, next) || (row.Count > 1 && _files.Find(row[0].Trim(), out _) is not null))
            return;
        throw new DataException(
            $"{_file}: its headings {Listing.Of(row.Select(field => $"'{field.Trim()}'"))} do not say which columns "
                + $"are the image and its class; rename them: {CsvColumns.Known}.");
    }

    private void Add((int Line, List<string> Fields) row, CsvColumns columns, List<string> first)
    {
        if (row.Fields.Count < columns.Width)
            throw Wrong(row.Line,
                $"has {row.Fields.Count} fields, not {columns.Width}; a row is path,label or path,label,split");
        if (!IsAsWide(row.Fields, first))
            throw Wrong(row.Line, $"has {row.Fields.Count} fields, the first row {first.Count}; a label that holds the "
                + "sign between fields goes between double quotes");
        Add(row.Line, row.Fields[columns.Path].Trim(), row.Fields[columns.Label].Trim(),
            columns.Split < 0 ? "" : row.Fields[columns.Split].Trim());
    }

    /// <summary>True for two rows of equal width but for an empty field at the end of either.</summary>
    private static bool IsAsWide(List<string> row, List<string> first) => (row.Count - first.Count) switch
    {
        0 => true,
        1 => string.IsNullOrWhiteSpace(row[^1]),
        -1 => string.IsNullOrWhiteSpace(first[^1]),
        _ => false,
    };

    private void Add(int line, string written, string label, string split)
    {
        if (written.Length == 0) throw Wrong(line, "names no image");
        string? path = _files.Find(written, out bool isOutside);
        if (isOutside)
            throw Wrong(line,
                $"the path '{written}' does not stay in the folder of the list; make it relative to it");
        if (label.Length == 0) throw Wrong(line, $"'{written}' has no label");
        if (path is null) _missing.Add($"'{written}' (line {line})");
        else AddFile(line, path, LabelOf(line, CanonicalText.Compose(CsvText.Plain(label))), SplitOf(line, split));
    }

    private void AddFile(int line, string path, int label, string split)
    {
        if (!_seen.TryAdd(path, (line, label)) && _seen[path] is { } before && before.Label != label)
            _conflicts.Add($"'{path}' is '{_labelNames[before.Label]}' in line {before.Line} and "
                + $"'{_labelNames[label]}' in line {line}");
        int slash = path.LastIndexOf('/');
        string folder = slash < 0 ? "" : path[..slash];
        if (!_folders.TryGetValue(folder, out int number)) _folders[folder] = number = Entries.AddFolder(folder);
        Entries.Add(number, path.AsSpan(slash + 1));
        _label.Add(label);
        _splits.Add(split);
    }

    private int LabelOf(int line, string label)
    {
        if (_labels.TryGetValue(label, out int known)) return known;
        _labelNames.Add(label);
        _firstLines.Add(line);
        return _labels[label] = _labelNames.Count - 1;
    }

    private string SplitOf(int line, string split) => split.Length == 0 ? "train" : PartNames.Of(split) switch
    {
        { Kind: PartKind.Train, Other: "" } => "train",
        { Kind: PartKind.Validation, Other: "" } => "val",
        { Kind: PartKind.Test, Other: "" } => "test",
        _ => throw Wrong(line, $"there is no part '{split}'; train, val and test are known"),
    };

    private DataException Wrong(int line, string what) => new($"{_file}, line {line}: {what}.");
}
