using Fovea.Core.Formats;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>Rows of a list of images that have several classes each, checked.</summary>
internal sealed class MultiLabelRows
{
    private static readonly char[] Separators = [';', '|'];

    private readonly string _file;
    private readonly ListedFiles _files;
    private readonly Dictionary<string, int> _folders = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _setNumbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Line, string Key)> _seen = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private readonly List<string> _splits = [];
    private readonly List<string> _missing = [];
    private readonly List<string> _conflicts = [];
    private readonly List<int[]> _sets = [];
    private readonly List<int> _labels = [];
    private List<string> _classes = [];
    private int _repeated;

    private MultiLabelRows(string file, string folder) => (_file, _files) = (file, new ListedFiles(folder));

    /// <summary>The images, in the order of the rows.</summary>
    public EntryList Entries { get; } = new();

    /// <summary>For each image, which of <see cref="Sets"/>.</summary>
    public IReadOnlyList<int> Labels => _labels;

    /// <summary>Sets of classes, in the order in which they come.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Sets => _sets;

    /// <summary>Names of the classes: in the order of their columns, or sorted.</summary>
    public IReadOnlyList<string> ClassNames => _classes;

    /// <summary>For each image, <c>train</c>, <c>val</c> or <c>test</c>.</summary>
    public IReadOnlyList<string> Splits => _splits;

    /// <summary>Notes on what was taken in another way than it is written, a sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <exception cref="DataException">A row is wrong, or files are not there.</exception>
    public static MultiLabelRows Read(string file, string folder)
    {
        MultiLabelRows rows = new(file, folder);
        rows.ReadAll(CsvTable.Open(TextFile.Read(file), file));
        return rows;
    }

    private void ReadAll(CsvReader reader)
    {
        List<(int Line, List<string> Fields)> rows = [];
        int blanks = 0;
        while (reader.Next() is List<string> row)
        {
            if (row.TrueForAll(string.IsNullOrWhiteSpace)) blanks++;
            else rows.Add((reader.Line, row));
        }

        if (blanks > 0)
            _notes.Add($"{Count(blanks, "row")} of the list without any value {(blanks == 1 ? "is" : "are")} "
                + "left out.");
        if (rows.Count < 2)
            throw new DataException(
                $"{_file}: lists no images; below a row of headings it needs a row for each image.");
        List<string> heading = [.. rows[0].Fields.Select(field => CanonicalText.Compose(field.Trim()))];
        rows.RemoveAt(0);
        (int path, int labels, int split) = CsvColumns.OfLabels(heading);
        if (path < 0)
            throw new DataException($"{_file}: its first row has to name the columns, and none of "
                + $"{Listing.Of(heading.Select(name => $"'{name}'"))} is called path, file_name, image or the like.");
        foreach ((int line, List<string> fields) in rows)
            if (fields.Count != heading.Count)
                throw Wrong(line, $"has {Count(fields.Count, "field")}, the headings {heading.Count}");
        // a column of 0 and 1 beside others is that of one class; alone it holds classes that are called 0 and 1
        bool isAlone = heading.Count == (split < 0 ? 2 : 3);
        bool isOneColumn = labels >= 0 && (isAlone || rows.Exists(row => Flag(row.Fields[labels]) is null));
        Func<(int Line, List<string> Fields), IReadOnlyList<string>> classesOf = isOneColumn
            ? Together(heading, path, labels, split, rows) : Columns(heading, path, split);
        foreach ((int Line, List<string> Fields) row in rows)
            Add(row.Line, row.Fields[path].Trim(), classesOf(row), split < 0 ? "" : row.Fields[split].Trim());
        if (_missing.Count > 0)
            throw new DataException($"{_file}: {_missing.Count} images are not there: {Listing.Of(_missing)}.");
        if (_conflicts.Count > 0)
            throw new DataException(
                $"{_file}: {Listing.Of(_conflicts)}; an image has one row with all of its classes.");
        if (_repeated > 0)
            _notes.Add($"{Count(_repeated, "row")} of the list that {(_repeated == 1 ? "repeats" : "repeat")} an image "
                + $"with the same classes {(_repeated == 1 ? "is" : "are")} left out.");
        foreach ((string way, int count) in _files.Ways)
            _notes.Add($"{Count(count, "path")} of the list, {way}, were found below its folder.");
    }

    /// <summary>A column per class, with 0 and 1.</summary>
    private Func<(int Line, List<string> Fields), IReadOnlyList<string>> Columns(List<string> heading, int path,
        int split)
    {
        int[] columns = [.. Enumerable.Range(0, heading.Count).Where(column => column != path && column != split)];
        _classes = [.. columns.Select(column => heading[column])];
        if (_classes.Count == 0)
            throw new DataException(
                $"{_file}: has no column of classes beside '{heading[path]}'; there has to be one per "
                + "class, with 0 and 1, or one called labels with classes separated by ; or |.");
        if (_classes.Contains(""))
            throw new DataException($"{_file}: column {columns[_classes.IndexOf("")] + 1} has no heading, which is the "
                + "name of its class.");
        if (_classes.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new DataException($"{_file}: two columns are called '{twice.Key}'.");
        return row => [.. columns.Where(column => Flag(row.Fields[column]) ?? throw Wrong(row.Line,
            $"the column '{heading[column]}' holds '{row.Fields[column].Trim()}', and columns of classes hold 0 or 1; "
                + "take columns out of the list that are no classes")).Select(column => heading[column])];
    }

    /// <summary>One column with all classes of an image.</summary>
    private Func<(int Line, List<string> Fields), IReadOnlyList<string>> Together(List<string> heading, int path,
        int labels, int split, List<(int Line, List<string> Fields)> rows)
    {
        string[] others = [.. Enumerable.Range(0, heading.Count)
            .Where(column => column != path && column != labels && column != split)
            .Select(column => $"'{heading[column]}'")];
        if (others.Length > 0)
            _notes.Add($"{(others.Length == 1 ? "the column" : "the columns")} {Listing.Of(others)} of the list "
                + $"{(others.Length == 1 ? "is" : "are")} not read.");
        _classes = [.. rows.SelectMany(Parsed).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (_classes.Count == 0)
            throw new DataException($"{_file}: no image has a class; the column '{heading[labels]}' is empty.");
        return Parsed;

        IReadOnlyList<string> Parsed((int Line, List<string> Fields) row)
        {
            string written = row.Fields[labels].Trim();
            if (written.Length == 0) return [];
            string[] names = [.. written.Split(Separators).Select(name => CanonicalText.Compose(
                CsvText.Plain(name.Trim())))];
            if (names.Contains("")) throw Wrong(row.Line, $"'{written}' has an empty class between separators");
            if (Array.Find(names, name => name.Contains(',')) is string comma)
                throw Wrong(row.Line, $"the class '{comma}' holds a comma; classes are separated by ; or |");
            return [.. names.Distinct(StringComparer.Ordinal)];
        }
    }

    private void Add(int line, string written, IReadOnlyList<string> classes, string split)
    {
        if (written.Length == 0) throw Wrong(line, "names no image");
        string? path = _files.Find(written, out bool isOutside);
        if (isOutside)
            throw Wrong(line,
                $"the path '{written}' does not stay in the folder of the images; make it relative to it");
        if (path is null)
        {
            _missing.Add($"'{written}' (line {line})");
            return;
        }

        int[] set = [.. classes.Select(name => _classes.IndexOf(name)).Order()];
        string key = string.Join(',', set), part = SplitOf(line, split);
        if (!_seen.TryAdd(path, (line, $"{part}:{key}")))
        {
            if (_seen[path].Key == $"{part}:{key}") _repeated++;
            else _conflicts.Add($"'{path}' has other classes or another part in line {line} than in line "
                + $"{_seen[path].Line}");
            return;
        }

        if (!_setNumbers.TryGetValue(key, out int number))
        {
            _setNumbers[key] = number = _sets.Count;
            _sets.Add(set);
        }

        int slash = path.LastIndexOf('/');
        string folder = slash < 0 ? "" : path[..slash];
        if (!_folders.TryGetValue(folder, out int at)) _folders[folder] = at = Entries.AddFolder(folder);
        Entries.Add(at, path.AsSpan(slash + 1));
        _labels.Add(number);
        _splits.Add(part);
    }

    private string SplitOf(int line, string split) => split.Length == 0 ? "train" : PartNames.Of(split) switch
    {
        { Kind: PartKind.Train, Other: "" } => "train",
        { Kind: PartKind.Validation, Other: "" } => "val",
        { Kind: PartKind.Test, Other: "" } => "test",
        _ => throw Wrong(line, $"there is no part '{split}'; train, val and test are known"),
    };

    private static bool? Flag(string field) => field.Trim() switch
    {
        "0" or "0.0" => false,
        "1" or "1.0" => true,
        _ => null,
    };

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private DataException Wrong(int line, string what) => new($"{_file}, line {line}: {what}.");
}
