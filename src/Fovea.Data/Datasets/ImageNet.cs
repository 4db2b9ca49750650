
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// ImageNet-1k as ILSVRC 2012 publishes it: <c>train/WNID/*.JPEG</c> and <c>val/</c>, either with the same folders or
/// flat, with the classes in a file (see <see cref="ImageNetTruth"/>). Kaggle's <c>ILSVRC/Data/CLS-LOC</c> is found
/// below the folder; Tiny ImageNet is read as it is published.
/// </summary>
/// <remarks>
/// Class numbers follow the lines of <c>classes.txt</c>, <c>LOC_synset_mapping.txt</c> or <c>synset_words.txt</c>
/// (<c>wnid name</c>), where there is one; otherwise the sorted wnids of the training set, which for the complete set
/// is the same order, 0 to 999. The published validation set gives the final figure, as everywhere; epochs are chosen
/// by a part of the training set.
/// </remarks>
public static class ImageNet
{
    private const string Name = "imagenet";

    private static readonly string[] ClassFiles = [ImageFolder.ClassFile, "LOC_synset_mapping.txt", "synset_words.txt"];

    /// <summary>Lists the images.</summary>
    /// <param name="path">The folder that holds <c>train</c> and <c>val</c>, or Kaggle's <c>ILSVRC</c> or the folder
    /// above it.</param>
    /// <param name="options">Seed and share of what is held out; the usual ones if null.</param>
    /// <exception cref="DataException">Folders are missing, a wnid has no class, or the flat <c>val</c> has no
    /// classes.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null)
    {
        string root = RootOf(path);
        ImageTree tree = ImageTree.Open(root, (options ?? new()).Limits, options?.Unlabelled);
        ClassList classes = FindClasses(tree, path);
        LabelledEntries train = tree.Label(ImageFolder.Train, classes);
        if (train.Entries.Length == 0)
            throw new DataException($"{root}: its train holds no folders of images, one per wnid.");
        DatasetInfo info = ImageShape.Describe(Name, tree.Store, train, classes);
        DatasetSplits splits = ImageSplits.Make(
            info, tree.Store, train, Validation(tree, path, classes), null, options ?? new());
        return splits with { Notes = [.. NotesOn(tree), .. splits.Notes] };
    }

    private static IEnumerable<string> NotesOn(ImageTree tree)
    {
        string[] left = [.. tree.FoldersIn("").Where(folder => folder is not (ImageFolder.Train or "val"))];
        return [.. left.Length == 0 ? (string[])[]
            : [$"beside train and val, {(left.Length == 1 ? "a folder is" : "folders are")} left out: "
                + $"{Listing.Of(left.Select(folder => $"'{folder}'"))}."],
            .. tree.Entries.PassedOver.Sentences()];
    }

    private static string RootOf(string path)
    {
        string[] below = ["", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", Name];
        return below.Select(folder => Path.Combine(path, folder))
            .FirstOrDefault(folder => Directory.Exists(Path.Combine(folder, ImageFolder.Train)))
            ?? throw new DataException(
                $"{Name}: no folder train in '{path}'; unpack ILSVRC2012_img_train.tar into train/WNID/ and "
                    + "ILSVRC2012_img_val.tar into val/.");
    }

    private static ClassList FindClasses(ImageTree tree, string path)
    {
        string[] folders = tree.FoldersIn(ImageFolder.Train);
        string? file = ImageNetTruth.Places(path, tree.Path)
            .SelectMany(place => ClassFiles.Select(name => Path.Combine(place, name))).FirstOrDefault(File.Exists);
        return file is not null ? ClassList.Read(file, folders.Contains)
            : TinyImageNet.ReadClasses(tree, folders) ?? ClassList.OfFolders(folders);
    }

    private static LabelledEntries? Validation(ImageTree tree, string path, ClassList classes)
    {
        const string Folder = "val";
        if (TinyImageNet.ReadValidation(tree, classes) is { } annotated) return annotated;
        if (tree.FoldersIn(Folder).Length > 0) return tree.Label(Folder, classes);
        int[] flat = tree.FilesIn(Folder);
        return flat.Length == 0 ? null : new LabelledEntries(flat, ImageNetTruth.Read(tree, path, flat, classes));
    }
}
