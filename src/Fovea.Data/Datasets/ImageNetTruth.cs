using System.Globalization;
using Fovea.Data.Datasets.Csv;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets;

/// <summary>Classes of a flat <c>val</c> folder of ImageNet, from the first of these files that is there.</summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>LOC_val_solution.csv</c> (Kaggle): <c>name,wnid ...</c>; what follows the first wnid (boxes) does not
/// matter.</item>
/// <item><c>val.txt</c> (Caffe): <c>name number</c>, numbers from 0 in the order of the classes.</item>
/// <item><c>ILSVRC2012_validation_ground_truth.txt</c> (development kit): line <c>n</c> is the class of the <c>n</c>-th
/// image by name, a number from 1. These numbers follow the kit's own order of the synsets, not the alphabet, so a file
/// beside it has to give that order: <c>map_clsloc.txt</c> (<c>wnid number name</c>) or <c>synsets.txt</c> (line
/// <c>n</c> is the wnid of number <c>n</c>).</item>
/// </list>
/// </remarks>
internal static class ImageNetTruth
{
    private const string GroundTruth = "ILSVRC2012_validation_ground_truth.txt";

    /// <summary>Folders in which files that belong to the set may lie.</summary>
    public static IEnumerable<string> Places(string path, string root) =>
        new[] { path, root, Path.Combine(path, "ILSVRC2012_devkit_t12", "data"), Path.Combine(root, "val"),
            Path.Combine(path, "data") }.Distinct();

    /// <summary>The class of each file.</summary>
    /// <exception cref="DataException">There is no such file, or it does not fit.</exception>
    public static int[] Read(ImageTree tree, string path, int[] files, ClassList classes)
    {
        string? Find(string name) =>
            Places(path, tree.Path).Select(place => Path.Combine(place, name)).FirstOrDefault(File.Exists);
        string[] names = [.. files.Select(tree.Entries.NameOf)];
        if (Find("LOC_val_solution.csv") is string solution)
            return ByName(names, ReadSolution(solution, classes), solution);
        if (Find("val.txt") is string list) return ByName(names, ReadList(list, classes), list);
        if (Find(GroundTruth) is string truth)
            return InOrder(truth, names.Length, ReadOrder(Find("map_clsloc.txt"), Find("synsets.txt"), truth, classes));
        throw new DataException(
            $"{Path.Combine(tree.Path, "val")}: holds {names.Length} images without class folders; put "
                + "LOC_val_solution.csv, val.txt or "
            + $"{GroundTruth} (with map_clsloc.txt) into '{path}', or sort them into folders.");
    }

    private static int[] ByName(string[] names, Dictionary<string, int> labels, string file)
    {
        string[] unknown = [.. names.Where(name => !labels.ContainsKey(Path.GetFileNameWithoutExtension(name)))];
        return unknown.Length == 0 ? [.. names.Select(name => labels[Path.GetFileNameWithoutExtension(name)])]
            : throw new DataException(
                $"{file}: does not tell the class of {unknown.Length} images: {Listing.Of(unknown)}.");
    }

    private static Dictionary<string, int> ReadSolution(string file, ClassList classes)
    {
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        CsvReader reader = new(new StringReader(TextFile.Read(file)), file);
        while (reader.Next() is List<string> row)
        {
            string wnid = row.Count < 2 ? "" : row[1].Trim().Split(' ')[0];
            if (wnid == "PredictionString") continue;   // the heading
            labels[Path.GetFileNameWithoutExtension(row[0])] = Known(classes, wnid, file, reader.Line);
        }

        return labels;
    }

    private static Dictionary<string, int> ReadList(string file, ClassList classes)
    {
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        foreach ((int line, string text) in TextLines.Read(file))
        {
            string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 2) throw new DataException($"{file}, line {line}: is not 'name number'.");
            labels[Path.GetFileNameWithoutExtension(words[0])] = Number(words[1], 0, classes.Count - 1, file, line);
        }

        return labels;
    }

    private static int[] InOrder(string file, int count, int[] labelOfNumber)
    {
        List<(int Line, string Text)> lines = TextLines.Read(file);
        if (lines.Count != count)
            throw new DataException(
                $"{file}: has {lines.Count} lines for the {count} images of val; they do not belong together.");
        return [.. lines.Select(line =>
            labelOfNumber[Number(line.Text, 1, labelOfNumber.Length, file, line.Line) - 1])];
    }

    /// <summary>The class of each number of the development kit, less one.</summary>
    private static int[] ReadOrder(string? map, string? synsets, string truth, ClassList classes)
    {
        string file = map ?? synsets ?? throw new DataException(
            $"{truth}: its numbers follow the order of the development kit; put map_clsloc.txt or synsets.txt, which "
                + "give it, beside it.");
        List<(int Line, string Text)> lines = TextLines.Read(file);
        string[] wnids = new string[lines.Count];
        foreach ((int line, string text) in lines)
        {
            string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int number = map is null ? Array.FindIndex(wnids, wnid => wnid is null) + 1
                : words.Length > 1 ? Number(words[1], 1, wnids.Length, file, line)
                : throw new DataException($"{file}, line {line}: is not 'wnid number name'.");
            wnids[number - 1] = words[0];
        }

        if (wnids.Length == 1000 && wnids.SequenceEqual(wnids.Order(StringComparer.Ordinal)))
            throw new DataException(
                $"{file}: is in alphabetical order, as Caffe's list; the development kit's order is another. Use its "
                    + "map_clsloc.txt.");
        return [.. wnids.Select((wnid, i) =>
            Known(classes, wnid ?? throw new DataException($"{file}: number {i + 1} is missing."), file, i + 1))];
    }

    private static int Known(ClassList classes, string wnid, string file, int line) => classes.IndexOf(wnid) is >= 0
        and int label ? label
        : throw new DataException($"{file}, line {line}: '{wnid}' is none of the {classes.Count} classes.");

    private static int Number(string text, int least, int most, string file, int line) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            && number <= most ? number
        : throw new DataException($"{file}, line {line}: '{text}' is not a class number from {least} to {most}.");
}
