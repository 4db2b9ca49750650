using System.Text.RegularExpressions;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Kaggle's "Dogs vs. Cats": <c>cat.0.jpg</c> and <c>dog.0.jpg</c> side by side, in a folder or still in
/// <c>train.zip</c>, which is read where it lies. The published test set has no labels, so a test set is held out.
/// </summary>
public static partial class CatsAndDogs
{
    private const string Name = "cats-and-dogs";

    private static readonly string[] Classes = ["cat", "dog"];

    /// <summary>Lists the images.</summary>
    /// <param name="path">A folder with the images, with a folder <c>train</c> of them or with <c>train.zip</c>; or the
    /// archive itself.</param>
    /// <param name="options">Seed and shares of what is held out; the usual ones if null.</param>
    /// <exception cref="DataException">There are no such images, or the archive is damaged.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null)
    {
        ImageTree tree = Find(path, options ?? new());
        EntryList entries = tree.Entries;
        bool IsOther(int entry) => LabelOf(entries.NameOf(entry)) < 0;
        int[] images = [.. Enumerable.Range(0, entries.Count).Where(entry => !IsOther(entry))];
        LabelledEntries part = new(images, [.. images.Select(entry => LabelOf(entries.NameOf(entry)))]);
        foreach (int label in (int[])[0, 1])
        {
            if (!part.Labels.Contains(label))
                throw new DataException(
                    $"{tree.Path}: holds no images named {Classes[label]}.NUMBER.jpg; give Kaggle's train.zip or its "
                        + "folder.");
        }

        DatasetInfo info = ImageShape.Describe(Name, tree.Store, part, new ClassList(Classes, Classes));
        DatasetSplits splits = ImageSplits.Make(info, tree.Store, part, null, null, options ?? new());
        int others = entries.Count - images.Length;
        return others == 0 ? splits : splits with
        {
            Notes = [$"{others} {(others == 1 ? "image that is" : "images that are")} not named cat.NUMBER.jpg or "
                + $"dog.NUMBER.jpg {(others == 1 ? "is" : "are")} left out, such as "
                + $"'{entries.PathOf(Enumerable.Range(0, entries.Count).First(IsOther))}'.",
                .. splits.Notes],
        };
    }

    /// <summary>True where the files of the dataset lie.</summary>
    internal static bool IsAt(string path) =>
        Directory.Exists(path) && (HasImages(path) || HasImages(Path.Combine(path, "train"))
            || File.Exists(Path.Combine(path, "train.zip")));

    private static ImageTree Find(string path, DatasetOptions options)
    {
        ImageTree Open(string place) => ImageTree.Open(place, options.Limits, options.Unlabelled);
        string[] roots = [path, Path.Combine(path, Name), Path.Combine(path, "dogs-vs-cats")];
        foreach (string root in roots.Where(Directory.Exists))
        {
            if (HasImages(root)) return Open(root);
            if (HasImages(Path.Combine(root, "train"))) return Open(Path.Combine(root, "train"));
            if (File.Exists(Path.Combine(root, "train.zip"))) return Open(Path.Combine(root, "train.zip"));
        }

        return File.Exists(path) ? Open(path) : throw new DataException(
            $"{Name}: neither cat.NUMBER.jpg, nor train/ with them, nor train.zip in '{path}'; download train.zip of "
                + "Kaggle's 'Dogs vs. Cats' into it.");
    }

    private static bool HasImages(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any(file => LabelOf(Path.GetFileName(file)) >= 0);

    private static int LabelOf(string name) => !Pattern().IsMatch(name) ? -1 : char.ToLowerInvariant(name[0]) == 'c' ? 0
        : 1;

    [GeneratedRegex(@"^(cat|dog)\.[0-9]+\.jpe?g$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
