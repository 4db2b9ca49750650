
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Images in one folder per class, with torchvision's rules: classes are the folders' names, sorted; images are found
/// at any depth by their extension, and links are followed. Reads <c>train/</c>, <c>val/</c> and <c>test/</c>, also
/// under other usual names such as <c>Training/</c>, <c>valid/</c> or <c>test_set/</c>, where they are there; otherwise
/// a test set is held out. A zip archive of such a folder will do.
/// </summary>
/// <remarks>
/// A file <c>classes.txt</c> in the folder gives the classes and their order instead: one a line, <c>folder</c> or
/// <c>folder name</c>. Unlike torchvision, hidden files and folders are passed over.
/// </remarks>
public static class ImageFolder
{
    internal const string ClassFile = "classes.txt", Train = "train";

    /// <summary>Lists the images; none is decoded but the headers of a few.</summary>
    /// <param name="path">A folder or a zip archive.</param>
    /// <param name="options">Seed and shares of what is held out; the usual ones if null.</param>
    /// <exception cref="DataException">There are no classes, one has no images, or a link leads
    /// nowhere.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null) =>
        Load(ImageTree.Open(path, (options ?? new()).Limits, options?.Unlabelled), "folder", options ?? new());

    private static DatasetSplits Load(ImageTree tree, string name, DatasetOptions options)
    {
        string? classFile = ClassFileOf(tree, "");
        FolderLayout layout = FolderLayout.Of(tree, classFile is not null, TinyImageNet.LabelledFolders(tree));
        classFile ??= ClassFileOf(tree, layout.Train);
        ClassList classes = FindClasses(tree, layout.Train, classFile);
        LabelledEntries learn = tree.Label(layout.Train, classes);
        DatasetInfo info = ImageShape.Describe(name, tree.Store, learn, classes);
        LabelledEntries? validation = layout.Validation is string folder ? tree.Label(folder, classes)
            : TinyImageNet.ReadValidation(tree, classes);
        DatasetSplits splits = ImageSplits.Make(info, tree.Store, learn, validation,
            layout.Test is null ? null : tree.Label(layout.Test, classes), options);
        return splits with
        {
            Notes = [.. layout.Notes, .. classFile is null ? NotesOnNames(classes) : [], .. NotesOnLists(tree),
                .. splits.Notes],
        };
    }

    private static string? ClassFileOf(ImageTree tree, string folder)
    {
        string file = Path.Combine(tree.Path, folder, ClassFile);
        return File.Exists(file) ? file : null;
    }

    /// <summary>Folders that are named as parts, or as images without classes, may be classes, but are hardly meant
    /// so.</summary>
    private static IEnumerable<string> NotesOnNames(ClassList classes)
    {
        const string Else = "otherwise list the classes in " + ClassFile;
        foreach (string name in classes.Ids)
        {
            if (UnlabelledFolder.IsName(name))
                yield return $"'{name}' is taken as a class; if its images have none, move the folder away or name it "
                    + $"(`unlabelled`), {Else}.";
            else if (PartNames.Of(name) is { Kind: not PartKind.None and PartKind kind, Other: "" })
                yield return $"'{name}' is taken as a class; if it is a part of the dataset, "
                    + (kind == PartKind.Train ? "put the class folders into it, "
                        : $"put the other folders into one called {Train}, ") + $"{Else}.";
        }
    }

    /// <summary>A list of images does not take a folder of classes over, but someone may have meant it.</summary>
    private static IEnumerable<string> NotesOnLists(ImageTree tree)
    {
        if (!Directory.Exists(tree.Path)) yield break;
        string[] lists = [.. Directory.EnumerateFiles(tree.Path, "*.csv").Select(file => Path.GetFileName(file))
            .Order()];
        if (lists.Length > 0)
            yield return $"the classes are those of the folders; {Listing.Of(lists)} is not read (`dataset` csv, or "
                + "the file itself as `data`, would).";
    }

    private static ClassList FindClasses(ImageTree tree, string train, string? classFile)
    {
        string[] folders = tree.FoldersIn(train);
        if (folders.Length == 0)
        {
            throw new DataException(
                $"{tree.Path}: has no class folders; an image folder holds one folder of images per class, "
                + "possibly below train/, val/ and test/.")
            {
                Remedy = DatasetGuess.Hint(tree.Path),
            };
        }

        return classFile is not null ? ClassList.Read(classFile, folders.Contains) : ClassList.OfFolders(folders);
    }
}
