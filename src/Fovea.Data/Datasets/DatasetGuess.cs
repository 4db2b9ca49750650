using Fovea.Core.Formats;
using Fovea.Data.Datasets.Files;

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
            return IsFashion(path) ? "fashion-mnist" : "mnist";
        if (files.Concat(folders)
            .FirstOrDefault(name => name.StartsWith("cifar-10", StringComparison.Ordinal)) is string cifar)
            return cifar.StartsWith("cifar-100", StringComparison.Ordinal) ? "cifar100" : "cifar10";
        if (CatsAndDogs.IsAt(path)) return "cats-and-dogs";
        if (folders.Contains("ILSVRC") || IsImageNet(Path.Combine(path, ImageFolder.Train))) return "imagenet";
        string[] filled = [.. folders.Where(folder => HasImages(Path.Combine(path, folder))).Take(2)];
        bool hasParts = filled.Any(folder => PartNames.Of(folder) is { Kind: not PartKind.None, Other: "" });
        bool hasList = files.Count(file => file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) == 1;
        if (hasList && filled.Length < 2 && !hasParts) return "csv";
        if (folders.Any(DatasetCatalogue.IsKnown)) return null;   // a folder of datasets is none
        return filled.Length > 0 ? "folder" : null;
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

    /// <summary>True where the labels begin as those of Fashion-MNIST, whose files have MNIST's names; of other labels
    /// the folder's name tells.</summary>
    private static bool IsFashion(string path)
    {
        const int Header = 8;
        ReadOnlySpan<byte> train = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], test = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7];
        foreach ((string stem, bool isTrain) in ((string, bool)[])[("train-labels", true), ("t10k-labels", false)])
        {
            string? file = Mnist.FindFile(path, [""], stem);
            if (file is null) continue;
            try
            {
                using BoundedReader reader = BoundedReader.Open(file, limit: 1 << 20);
                byte[] beginning = reader.Read(Header + train.Length, "the first labels");
                if (beginning.AsSpan(Header).SequenceEqual(isTrain ? train : test)) return true;
            }
            catch (DataException)
            {
                continue;   // reading the dataset will say so
            }
        }

        return Path.GetFileName(Path.GetFullPath(path)).Contains("fashion", StringComparison.OrdinalIgnoreCase);
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
