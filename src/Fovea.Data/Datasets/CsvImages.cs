using System.Globalization;
using Fovea.Data.Datasets.Csv;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Images that a file of comma-separated values lists: <c>path,label</c> or <c>path,label,split</c>, with or without a
/// heading (which may have other columns too, and name them as Hugging Face, Kaggle and FiftyOne do). Commas may be
/// semicolons, tabs or bars; the text is UTF-8 or UTF-16. Paths are relative to the file, or names without ending that
/// one image below its folder has; labels are numbers or names; splits are <c>train</c>, <c>val</c> and <c>test</c>.
/// </summary>
/// <remarks>
/// Where all labels are whole numbers (<c>1</c>, also <c>1.0</c>) they are the classes' numbers. Otherwise, and where
/// one has zeros before it (<c>01</c>), classes are the labels, sorted. A <c>classes.txt</c> beside the file (one
/// class a line, <c>label</c> or <c>label name</c>) gives classes and order instead.
/// </remarks>
public static class CsvImages
{
    private const string Name = "csv";

    /// <summary>Lists the images.</summary>
    /// <param name="path">The file, or a folder with a single file <c>*.csv</c>.</param>
    /// <param name="options">Seed and shares of what is held out; the usual ones if null.</param>
    /// <exception cref="DataException">A row is wrong, an image is not there or under two labels, or a path leads
    /// out of the folder.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null)
    {
        string file = FileOf(path), folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        CsvRows rows = CsvRows.Read(file, folder);
        if (rows.Conflicts.Count > 0 && (options ?? new()).Copies == CopyPolicy.Once)
            throw ImageCopies.TwoLabels(file, rows.Conflicts);
        string classFile = Path.Combine(folder, ImageFolder.ClassFile);
        ClassList classes = File.Exists(classFile) ? ClassList.Read(classFile, _ => false) : ClassesOf(rows, file);
        int[] labels = Numbers(rows, classes, file);
        RequireAllUsed(labels, classes, file, File.Exists(classFile));

        LabelledEntries Part(string split)
        {
            int[] entries = [.. Enumerable.Range(0, rows.Entries.Count).Where(entry => rows.Splits[entry] == split)];
            return new(entries, [.. entries.Select(entry => labels[rows.Labels[entry]])]);
        }

        FolderStore store = new(folder, rows.Entries, (options ?? new()).Limits);
        (LabelledEntries train, LabelledEntries validation, LabelledEntries test) = (Part("train"), Part("val"),
            Part("test"));
        DatasetInfo info = ImageShape.Describe(Name, store, train, classes);
        DatasetSplits splits = ImageSplits.Make(
            info, store, train, validation.Entries.Length > 0 ? validation : null,
            test.Entries.Length > 0 ? test : null, options ?? new());
        return splits with { Notes = [.. rows.Notes, .. splits.Notes] };
    }

    private static string FileOf(string path)
    {
        if (!Directory.Exists(path)) return path;
        string[] files = Directory.GetFiles(path, "*.csv");
        if (files.Length == 0) files = Directory.GetFiles(path, "*.tsv");
        return files.Length == 1 ? files[0] : throw new DataException(
            $"{path}: holds {(files.Length == 0 ? "no" : $"{files.Length}")} files *.csv; give the file that lists the "
                + "images.");
    }

    private static ClassList ClassesOf(CsvRows rows, string file)
    {
        int[] numbers = [.. rows.LabelNames.Select(label => IsPlain(label) && TryNumber(label, out int number) ? number
            : -1)];
        if (numbers.Contains(-1)) return ClassList.OfFolders(rows.LabelNames);
        int most = 10 * (rows.Entries.Count + 100);   // a typing error must not become a million classes
        if (numbers.Max() >= most)
            throw new DataException($"{file}: the label {numbers.Max()} is too large to be a class number.");
        string[] names = [.. Enumerable.Range(0, numbers.Max() + 1)
            .Select(number => number.ToString(CultureInfo.InvariantCulture))];
        return new ClassList(names, names);
    }

    /// <summary>Labels that a class file names, or else numbers of its lines: where one number is a name there, no
    /// other can be that of a line.</summary>
    private static int[] Numbers(CsvRows rows, ClassList classes, string file)
    {
        int[] numbers = [.. rows.LabelNames.Select(label => classes.Find(label) is >= 0 and int found ? found
            : classes.Find(Whole(label)))];
        bool isNumbered = rows.LabelNames.Where((label, i) => numbers[i] >= 0).Any(label => TryNumber(label, out _));
        for (int i = 0; i < numbers.Length; i++)
        {
            if (numbers[i] >= 0) continue;
            string label = rows.LabelNames[i];
            if (!isNumbered && TryNumber(label, out int number) && number < classes.Count) numbers[i] = number;
            else
                throw new DataException(
                    $"{file}, line {rows.FirstLines[i]}: there is no class '{label}'; the {classes.Count} classes are "
                        + $"{Listing.Of(classes.Names)}.")
                {
                    Remedy = isNumbered && TryNumber(label, out _)
                        ? $"{ImageFolder.ClassFile} numbers its classes: let it and the list count from the same "
                            + "number." : null,
                };
        }

        return numbers;
    }

    /// <summary>A class file may name more classes than a list uses; numbers alone may not, as a gap is most likely a
    /// mistake.</summary>
    private static void RequireAllUsed(int[] labels, ClassList classes, string file, bool hasClassFile)
    {
        HashSet<int> used = [.. labels];
        if (hasClassFile || used.Count == classes.Count) return;
        IEnumerable<string> unused = Enumerable.Range(0, classes.Count).Where(label => !used.Contains(label))
            .Select(label => $"{label}");
        throw new DataException(
            $"{file}: no image has the label {Listing.Of(unused)}, though {classes.Count - 1} is there; count from 0 "
                + "without gaps or name the classes in classes.txt.");
    }

    private static bool TryNumber(string label, out int number) =>
        int.TryParse(Whole(label), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>A number as spreadsheets and data frames write it, without its <c>.0</c>.</summary>
    private static string Whole(string label) =>
        label.EndsWith(".0", StringComparison.Ordinal) ? label[..^2] : label;

    /// <summary>False for a number with zeros before it, which is a name: <c>01</c>.</summary>
    private static bool IsPlain(string label) => label[0] != '0' || Whole(label).Length == 1;
}
