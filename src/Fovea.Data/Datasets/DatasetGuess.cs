using Fovea.Core.Formats;
using Fovea.Data.Datasets.Files;
using Fovea.Data.Datasets.Records;

namespace Fovea.Data.Datasets;

/// <summary>Tells which dataset lies somewhere, by the names of files.</summary>
public static class DatasetGuess
{
    /// <summary>Folders of images lie at most so far below the one that is given.</summary>
    private const int MostLevels = 8;

    /// <summary>Folders that are looked into in search of an image, so that a tree of other things does not take
    /// long.</summary>
    private const int MostFolders = 2000;

    /// <summary>The dataset in a directory or file, in the catalogue's spelling; null where nothing is
    /// recognised.</summary>
    /// <remarks>A list of images (<c>*.csv</c>) beside folders of classes does not make a folder a list.</remarks>
    public static string? Of(string path)
    {
        if (File.Exists(path)) return OfFile(path);
        if (!Directory.Exists(path)) return null;
        string[] files = [.. Names(path, Directory.EnumerateFiles).Take(1000)];
        string[] folders = [.. Names(path, Directory.EnumerateDirectories).Take(10_000)];
        if (files.Concat(folders).Any(file => file.Contains("-ubyte", StringComparison.Ordinal)))
            return GuessMnist(path);
        if (files.Concat(folders)
            .FirstOrDefault(name => name.StartsWith("cifar-10", StringComparison.Ordinal)) is string cifar)
            return cifar.StartsWith("cifar-100", StringComparison.Ordinal) ? "cifar100" : "cifar10";
        if (CatsAndDogs.IsAt(path)) return "cats-and-dogs";
        if (folders.Contains("ILSVRC") || IsImageNet(Path.Combine(path, ImageFolder.Train))) return "imagenet";
        string[] filled = [.. folders.Where(folder => HasImages(Path.Combine(path, folder))).Take(2)];
        bool hasParts = filled.Any(folder => PartNames.Of(folder) is { Kind: not PartKind.None, Other: "" });
        bool hasList = files.Count(file => file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) == 1;
        if (hasList && filled.Length < 2 && !hasParts) return "csv";
        // a folder of datasets is none; one of unlabelled images may lie beside classes
        if (folders.Any(name => !UnlabelledFolder.IsName(name) && DatasetCatalogue.IsKnown(name))) return null;
        return filled.Length > 0 ? "folder" : null;
    }

    /// <summary>A sentence for who names a folder in which no dataset is recognised; null where there is nothing to
    /// say.</summary>
    public static string? Hint(string path)
    {
        string[] archives = [.. Names(path, Directory.EnumerateFiles)
            .Where(file => Path.GetExtension(file).Equals(".zip", StringComparison.OrdinalIgnoreCase)).Take(2)];
        return archives.Length == 1 ? $"It holds one archive; name that instead: {Path.Combine(path, archives[0])}"
            : null;
    }

    private static string? OfFile(string path)
    {
        string ending = Path.GetExtension(path).ToLowerInvariant();
        if (ending is ".csv" or ".tsv") return "csv";
        if (ending is ".zip") return Path.GetFileName(path) == "train.zip" ? "cats-and-dogs" : "folder";
        string name = Path.GetFileName(path);
        return name.StartsWith("cifar-100", StringComparison.Ordinal) ? "cifar100"
            : name.StartsWith("cifar-10", StringComparison.Ordinal) ? "cifar10" : null;
    }

    /// <summary>Which of the datasets with MNIST's names lies there: by the first labels, then by the folder's name,
    /// then by how bright the images are. Null for KMNIST, which is none of the catalogue's.</summary>
    private static string? GuessMnist(string path)
    {
        const int Header = 8;
        ReadOnlySpan<byte> digits = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], digitsTest = [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
            clothes = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], clothesTest = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7];
        foreach ((string stem, bool isTrain) in ((string, bool)[])[("train-labels", true), ("t10k-labels", false)])
        {
            if (Mnist.FindFile(path, [""], stem) is not string file
                || Beginning(file, Header + digits.Length) is not byte[] labels) continue;
            if (OfficialFiles.IsKuzushiji(file, stem)) return null;
            ReadOnlySpan<byte> first = labels.AsSpan(Header);
            if (first.SequenceEqual(isTrain ? clothes : clothesTest)) return "fashion-mnist";
            if (first.SequenceEqual(isTrain ? digits : digitsTest)) return "mnist";
        }

        string name = Path.GetFileName(Path.GetFullPath(path));
        if (name.Contains("fashion", StringComparison.OrdinalIgnoreCase)) return "fashion-mnist";
        return IsBright(path) ? "fashion-mnist" : "mnist";
    }

    /// <summary>True where the first images are as bright as clothes: 0.29 on average, digits 0.13.</summary>
    private static bool IsBright(string path)
    {
        const int Header = 16, Images = 200, Size = 28 * 28;
        string? file = Mnist.FindFile(path, [""], "train-images") ?? Mnist.FindFile(path, [""], "t10k-images");
        if (file is null || Beginning(file, Header + Images * Size) is not byte[] bytes) return false;
        double mean = 0;
        foreach (byte sample in bytes.AsSpan(Header)) mean += sample / 255.0 / (Images * Size);
        return mean is > 0.24 and < 0.34;
    }

    /// <summary>The first bytes of a file, unpacked; null where it has fewer or is damaged: reading the dataset will
    /// say so.</summary>
    private static byte[]? Beginning(string file, int length)
    {
        try
        {
            using BoundedReader reader = BoundedReader.Open(file, limit: 1 << 20);
            return reader.Read(length, "the beginning");
        }
        catch (DataException)
        {
            return null;
        }
    }

    /// <summary>True where folders are named by wnids: an n and eight digits.</summary>
    private static bool IsImageNet(string train) => Directory.Exists(train)
        && Names(train, Directory.EnumerateDirectories).FirstOrDefault() is { Length: 9 } first
        && first[0] == 'n' && first.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    private static bool HasImages(string folder)
    {
        Queue<(string Folder, int Level)> waiting = new([(folder, 0)]);
        for (int seen = 0; seen < MostFolders && waiting.TryDequeue(out var next); seen++)
        {
            if (OwnFolders.IsOne(next.Folder)) continue;
            if (Names(next.Folder, Directory.EnumerateFiles).Exists(file => ImageNames.IsImage(file))) return true;
            if (next.Level == MostLevels) continue;
            foreach (string below in Names(next.Folder, Directory.EnumerateDirectories).Take(100))
                waiting.Enqueue((Path.Combine(next.Folder, below), next.Level + 1));
        }

        return false;
    }

    /// <summary>Names in a folder that are not passed over; none where it cannot be listed.</summary>
    private static List<string> Names(string folder, Func<string, IEnumerable<string>> list)
    {
        const int Most = 10_000;
        try
        {
            return [.. list(folder).Select(path => Path.GetFileName(path)).Where(name => !ImageNames.IsHidden(name))
                .Take(Most)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
