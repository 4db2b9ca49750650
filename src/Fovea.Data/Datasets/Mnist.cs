
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>MNIST and the sets that share its files: four IDX files, gzipped or not.</summary>
public static class Mnist
{
    private static string[] Stems { get; } = ["train-images", "train-labels", "t10k-images", "t10k-labels"];

    /// <summary>Reads the handwritten digits.</summary>
    /// <param name="directory">Looked at first, then its <c>MNIST/raw</c>, <c>raw</c> and <c>mnist</c>.</param>
    /// <returns>60,000 training and 10,000 test images of 1 x 28 x 28, no validation set.</returns>
    /// <exception cref="DataException">A file is missing, wrong or cut off.</exception>
    public static DatasetSplits Load(string directory) => Load(
        directory, ["", "MNIST/raw", "raw", "mnist"], "mnist", Normalization.Mnist,
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);

    /// <summary>Reads Zalando's articles of clothing.</summary>
    /// <param name="directory">Looked at first, then its <c>FashionMNIST/raw</c>, <c>raw</c> and
    /// <c>fashion-mnist</c>.</param>
    /// <returns>60,000 training and 10,000 test images of 1 x 28 x 28, no validation set.</returns>
    /// <exception cref="DataException">A file is missing, wrong or cut off.</exception>
    public static DatasetSplits LoadFashion(string directory) => Load(
        directory, ["", "FashionMNIST/raw", "raw", "fashion-mnist"], "fashion-mnist", Normalization.FashionMnist,
        ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]);

    private static DatasetSplits Load(string directory, string[] folders, string name, Normalization normalization,
        string[] classes)
    {
        DatasetInfo info = new()
        {
            Name = name,
            Channels = 1,
            Height = 28,
            Width = 28,
            ClassNames = classes,
            Normalization = normalization,
        };
        // All four are looked for before the first is read: a missing one is known at once.
        string[] files = [.. Stems.Select(stem => Find(directory, folders, stem, name))];
        InMemoryDataset train = Read(info, files[0], files[1]), test = Read(info, files[2], files[3]);
        string?[] notes =
        [
            OfficialFiles.Note(name, [.. files.Zip(Stems)]),
            name == "mnist" ? null : OfficialFiles.NoteOnClasses(name, train, 60_000)
                ?? OfficialFiles.NoteOnClasses(name, test, 10_000),
        ];
        return DatasetSplits.WithoutValidation(train, test) with { Notes = [.. notes.OfType<string>().Take(1)] };
    }

    private static InMemoryDataset Read(DatasetInfo info, string imageFile, string labelFile)
    {
        (int[] shape, byte[] pixels) = IdxFile.Read(imageFile, dimensions: 3);
        (_, byte[] labels) = IdxFile.Read(labelFile, dimensions: 1);
        if (shape[1] != info.Height || shape[2] != info.Width)
            throw new DataException(
                $"{imageFile}: holds images of {shape[1]} x {shape[2]} pixels, not {info.Height} x {info.Width}.");
        if (shape[0] != labels.Length)
        {
            throw new DataException(
                $"{labelFile}: has {labels.Length} labels for the {shape[0]} images of {imageFile}; " +
                "they do not belong together.");
        }

        int wrong = labels.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)(info.Classes - 1));
        return wrong < 0 ? new InMemoryDataset(info, pixels, labels)
            : throw new DataException(
                $"{labelFile}: label {wrong} (offset {8 + wrong}) is {labels[wrong]}; only 0 to {info.Classes - 1} "
                    + "exist.");
    }

    /// <summary>One of the files, gzipped or not, in the first of some folders that has it; otherwise null.</summary>
    /// <param name="directory">Holds the folders.</param>
    /// <param name="folders">Relative; empty is the directory itself.</param>
    /// <param name="stem">The file's name up to its kind, such as <c>train-labels</c>.</param>
    internal static string? FindFile(string directory, string[] folders, string stem)
    {
        // Kaggle has each file in a folder of its name
        IEnumerable<string> paths = folders.SelectMany(folder => NamesOf(stem).SelectMany(file =>
            (string[])[Path.Combine(directory, folder, file), Path.Combine(directory, folder, file, file)]));
        return paths.FirstOrDefault(File.Exists);
    }

    private static string[] NamesOf(string stem)
    {
        string kind = stem.EndsWith("images", StringComparison.Ordinal) ? "idx3-ubyte" : "idx1-ubyte";
        return [$"{stem}-{kind}", $"{stem}-{kind}.gz", $"{stem}.{kind}", $"{stem}.{kind}.gz"];
    }

    private static string Find(string directory, string[] folders, string stem, string name) =>
        FindFile(directory, folders, stem) ?? throw new DataException(
            $"{name}: no {NamesOf(stem)[0]}, gzipped or not, in '{directory}' or its "
                + $"{string.Join(", ", folders.Skip(1))}; download "
            + "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
                + "t10k-labels-idx1-ubyte.gz into it.");
}
