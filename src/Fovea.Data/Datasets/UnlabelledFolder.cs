using Fovea.Data.Codecs;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>All images below a folder, or in a zip archive, at any depth and whatever the folders are called: one
/// class, for methods that need none. Nothing is held out.</summary>
public static class UnlabelledFolder
{
    internal const string Name = "unlabelled";

    /// <summary>True for what people call a folder of images without classes.</summary>
    internal static bool IsName(string folder) =>
        string.Concat(folder.Where(char.IsAsciiLetter)).ToLowerInvariant() is Name or "unlabeled";

    /// <summary>Lists the images; none is decoded but the headers of a few.</summary>
    /// <param name="path">A folder or a zip archive.</param>
    /// <param name="options">Limits, copies and cache; the usual ones if null.</param>
    /// <exception cref="DataException">There are no images.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null)
    {
        options ??= new();
        ImageTree tree = ImageTree.Open(path, options.Limits);
        if (tree.Entries.Count == 0) throw new DataException($"'{path}' holds no images ({ImageSignature.Readable}).");
        ClassList classes = ClassList.OfFolders(["image"]);
        int count = tree.Entries.Count;
        LabelledEntries all = new([.. Enumerable.Range(0, count)], new int[count]), none = new([], []);
        DatasetInfo info = ImageShape.Describe(Name, tree.Store, all, classes);
        DatasetSplits splits = ImageSplits.Make(info, tree.Store, all, null, none, options);
        return splits with { Notes = [.. tree.Entries.PassedOver.Sentences(), .. splits.Notes] };
    }
}
