using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets;

/// <summary>Parts of Tiny ImageNet that other datasets do not have, as published: <c>val/images</c> with
/// <c>val/val_annotations.txt</c> and <c>words.txt</c>.</summary>
internal static class TinyImageNet
{
    private const string Folder = "val", Words = "words.txt";

    private static readonly string Annotations = Path.Combine(Folder, "val_annotations.txt");

    /// <summary>Folders whose images have their classes in a file.</summary>
    public static string[] LabelledFolders(ImageTree tree) =>
        File.Exists(Path.Combine(tree.Path, Annotations)) ? [Folder] : [];

    /// <summary>The validation images with the classes of <c>val_annotations.txt</c> (<c>name wnid box</c>); null where
    /// there is no such file.</summary>
    /// <exception cref="DataException">It does not tell an image's class, or names an unknown one.</exception>
    public static LabelledEntries? ReadValidation(ImageTree tree, ClassList classes)
    {
        string file = Path.Combine(tree.Path, Annotations);
        if (!File.Exists(file)) return null;
        Dictionary<string, int> labels = new(StringComparer.Ordinal);
        foreach ((int line, string text) in TextLines.Read(file))
        {
            string[] words = text.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries);
            int label = words.Length < 2 ? -1 : classes.IndexOf(words[1]);
            labels[words[0]] = label >= 0 ? label : throw new DataException(
                $"{file}, line {line}: names none of the {classes.Count} classes.");
        }

        int[] entries = [.. Enumerable.Range(0, tree.Entries.Count)
            .Where(entry => tree.Entries.Folders[tree.Entries.FolderOf(entry)] is Folder or Folder + "/images")];
        string[] unknown = [.. entries.Select(tree.Entries.NameOf).Where(name => !labels.ContainsKey(name))];
        return unknown.Length == 0
            ? new LabelledEntries(entries, [.. entries.Select(entry => labels[tree.Entries.NameOf(entry)])])
            : throw new DataException(
                $"{file}: does not tell the class of {unknown.Length} images: {Listing.Of(unknown)}.");
    }

    /// <summary>The classes of the folders, with the names that <c>words.txt</c> (of all of WordNet) gives them; null
    /// where there is no such file.</summary>
    public static ClassList? ReadClasses(ImageTree tree, string[] folders)
    {
        string file = Path.Combine(tree.Path, Words);
        if (!File.Exists(file)) return null;
        HashSet<string> wanted = [.. folders];
        Dictionary<string, string> names = new(StringComparer.Ordinal);
        foreach ((_, string text) in TextLines.Read(file))
        {
            string[] words = text.Split((char[])['\t', ' '], 2, StringSplitOptions.TrimEntries);
            if (words.Length == 2 && wanted.Contains(words[0])) names[words[0]] = words[1].Split(',')[0].Trim();
        }

        string[] ids = [.. folders.Order(StringComparer.Ordinal)];
        return new ClassList(ids, [.. ids.Select(id => names.GetValueOrDefault(id, id))]);
    }
}
