using Fovea.Data.Datasets.Csv;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Images that have several classes each, or none, as a list with headings says: <c>path,CLASS,CLASS,...</c> with 0 and
/// 1 in the classes' columns, or <c>path,labels</c> with classes separated by <c>;</c> or <c>|</c>; perhaps with a
/// column <c>split</c>. Paths are those of <see cref="CsvImages"/>.
/// </summary>
public static class MultiLabelImages
{
    private const string Name = "csv";

    /// <summary>Lists the images.</summary>
    /// <param name="directory">Folder that the paths are relative to.</param>
    /// <param name="options">The list (<see cref="DatasetOptions.Labels"/>), and shares of what is held out.</param>
    /// <exception cref="DataException">A row is wrong, an image is not there or has different classes in two
    /// rows.</exception>
    public static DatasetSplits Load(string directory, DatasetOptions options)
    {
        string file = options.Labels ?? throw new ArgumentException("There is no list.", nameof(options));
        if (!File.Exists(file))
            throw new DataException($"there is no file '{file}', which lists the images' classes.")
            {
                Field = "labels",
            };
        string folder = Path.GetFullPath(Directory.Exists(directory) ? directory : Path.GetDirectoryName(file) ?? ".");
        MultiLabelRows rows = MultiLabelRows.Read(file, folder);
        FolderStore store = new(folder, rows.Entries, options.Limits);
        (LabelledEntries train, LabelledEntries validation, LabelledEntries test) = (Part("train"), Part("val"),
            Part("test"));
        DatasetInfo info = ImageShape.Describe(Name, store, train, new ClassList(rows.ClassNames, rows.ClassNames)) with
        {
            LabelSets = rows.Sets,
        };
        DatasetSplits splits = ImageSplits.Make(info, store, train, validation.Entries.Length > 0 ? validation : null,
            test.Entries.Length > 0 ? test : null, options);
        return splits with { Notes = [.. rows.Notes, .. splits.Notes] };

        LabelledEntries Part(string split)
        {
            int[] entries = [.. Enumerable.Range(0, rows.Entries.Count).Where(entry => rows.Splits[entry] == split)];
            return new(entries, [.. entries.Select(entry => rows.Labels[entry])]);
        }
    }
}
