
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>
/// Images in one folder per class, with torchvision's rules: classes are the folders' names, sorted; images are found
/// at any depth by their extension. Reads <c>train/</c>, <c>val/</c> (or <c>valid/</c>, <c>validation/</c>) and
/// <c>test/</c> where they are there; otherwise a test set is held out. A zip archive of such a folder will do.
/// </summary>
/// <remarks>
/// A file <c>classes.txt</c> in the folder gives the classes and their order instead: one a line, <c>folder</c> or
/// <c>folder name</c>. Unlike torchvision, hidden files and folders are passed over.
/// </remarks>
public static class ImageFolder
{
    internal const string ClassFile = "classes.txt", Train = "train", Test = "test";

    private static readonly string[] ValidationNames = ["val", "valid", "validation"];

    /// <summary>Lists the images; none is decoded but the headers of a few.</summary>
    /// <param name="path">A folder or a zip archive.</param>
    /// <param name="options">Seed and shares of what is held out; the usual ones if null.</param>
    /// <exception cref="DataException">There are no classes, one has no images, or a link leads out of the
    /// folder.</exception>
    public static DatasetSplits Load(string path, DatasetOptions? options = null) =>
        Load(ImageTree.Open(path), "folder", options ?? new());

    private static DatasetSplits Load(ImageTree tree, string name, DatasetOptions options)
    {
        string root = RootOf(tree);
        (string train, string? validation, string? test) = FindParts(tree, root);
        ClassList classes = FindClasses(tree, train);
        LabelledEntries learn = tree.Label(train, classes);
        DatasetInfo info = ImageShape.Describe(name, tree.Store, learn, classes);
        return ImageSplits.Make(
            info, tree.Store, learn,
            validation is null ? null : tree.Label(validation, classes),
            test is null ? null : tree.Label(test, classes), options);
    }

    /// <summary>Archives often hold everything in one folder more.</summary>
    private static string RootOf(ImageTree tree) =>
        tree.Store is ZipStore && tree.FoldersIn("") is [string only] && tree.FoldersIn(only).Length > 0 ? only : "";

    /// <summary>A folder <c>train</c> is a part if it has folders in it; a part without folders (Kaggle's unlabelled
    /// test) is none.</summary>
    private static (string Train, string? Validation, string? Test) FindParts(ImageTree tree, string root)
    {
        string prefix = root.Length == 0 ? "" : root + "/";
        string[] folders = [.. tree.FoldersIn(root).Where(folder => tree.FoldersIn(prefix + folder).Length > 0)];
        string? Find(params string[] names) => names.FirstOrDefault(folders.Contains) is string name ? prefix + name
            : null;
        return Find(Train) is string train ? (train, Find(ValidationNames), Find(Test)) : (root, null, null);
    }

    private static ClassList FindClasses(ImageTree tree, string train)
    {
        string[] folders = tree.FoldersIn(train);
        if (folders.Length == 0)
        {
            throw new DataException(
                $"{tree.Path}: has no class folders; an image folder holds one folder of images per class, "
                + "possibly below train/, val/ and test/.");
        }

        string file = Path.Combine(tree.Path, ClassFile);
        return File.Exists(file) ? ClassList.Read(file, folders.Contains) : ClassList.OfFolders(folders);
    }
}
