using System.Text;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>What a list of images says, checked but for the classes.</summary>
internal sealed class CsvRows
{
    private readonly Dictionary<string, int> _folders = new(StringComparer.Ordinal),
        _labels = new(StringComparer.Ordinal);
    private readonly List<string> _labelNames = [], _splits = [], _missing = [];
    private readonly List<int> _label = [], _firstLines = [];
    private readonly string _file;
    private readonly TreeGuard _guard;

    private CsvRows(string file, string folder) => (_file, _guard) = (file, new TreeGuard(folder));

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

    /// <exception cref="DataException">A row is wrong, or files are not there.</exception>
    public static CsvRows Read(string file, string folder)
    {
        try
        {
            using StreamReader text = new(file, Encoding.UTF8);
            CsvRows rows = new(file, folder);
            rows.ReadAll(new CsvReader(text, file));
            return rows;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{file}: cannot be read: {error.Message}", error);
        }
    }

    private void ReadAll(CsvReader reader)
    {
        CsvColumns? columns = null;
        while (reader.Next() is List<string> row)
        {
            if (columns is null)
            {
                columns = CsvColumns.OfHeading(row);
                if (columns is not null) continue;
                columns = CsvColumns.OfWidth(row.Count);
            }

            if (row.Count < columns.Width)
                throw Wrong(reader.Line,
                    $"has {row.Count} fields, not {columns.Width}; a row is path,label or path,label,split");
            Add(reader.Line, row[columns.Path].Trim(), row[columns.Label].Trim(),
                columns.Split < 0 ? "" : row[columns.Split].Trim());
        }

        if (_missing.Count > 0)
            throw new DataException($"{_file}: {_missing.Count} images are not there: {Listing.Of(_missing)}.");
        if (Entries.Count == 0)
            throw new DataException($"{_file}: lists no images; a row is path,label or path,label,split.");
    }

    private void Add(int line, string path, string label, string split)
    {
        if (OperatingSystem.IsWindows()) path = path.Replace('\\', '/');
        while (path.StartsWith("./", StringComparison.Ordinal)) path = path[2..];
        if (!ImageNames.StaysInside(path))
            throw Wrong(line, $"the path '{path}' does not stay in the folder of the list; make it relative to it");
        if (label.Length == 0) throw Wrong(line, $"'{path}' has no label");
        int slash = path.LastIndexOf('/');
        string folder = slash < 0 ? "" : path[..slash];
        if (!_folders.TryGetValue(folder, out int number)) _folders[folder] = number = AddFolder(line, folder);
        RequireFile(line, path);
        Entries.Add(number, path.AsSpan(slash + 1));
        _label.Add(LabelOf(line, label));
        _splits.Add(SplitOf(line, split));
    }

    private int AddFolder(int line, string folder)
    {
        if (Directory.Exists(Path.Combine(_guard.Root, folder)) && !_guard.IsPlain(folder))
            throw Wrong(line, $"the folder '{folder}' is a link; links to folders are not followed");
        return Entries.AddFolder(folder);
    }

    private void RequireFile(int line, string path)
    {
        FileInfo info = new(Path.Combine(_guard.Root, path));
        if (!info.Exists) _missing.Add($"'{path}' (line {line})");
        else if (info.Attributes.HasFlag(FileAttributes.ReparsePoint)) _guard.RequireInside(path);
    }

    private int LabelOf(int line, string label)
    {
        if (_labels.TryGetValue(label, out int known)) return known;
        _labelNames.Add(label);
        _firstLines.Add(line);
        return _labels[label] = _labelNames.Count - 1;
    }

    private string SplitOf(int line, string split) => split.ToLowerInvariant() switch
    {
        "" or "train" or "training" => "train",
        "val" or "valid" or "validation" => "val",
        "test" => "test",
        _ => throw Wrong(line, $"there is no part '{split}'; train, val and test are known"),
    };

    private DataException Wrong(int line, string what) => new($"{_file}, line {line}: {what}.");
}
