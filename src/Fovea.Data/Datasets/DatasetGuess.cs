using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets;

/// <summary>Tells which dataset lies somewhere, by the names of files.</summary>
public static class DatasetGuess
{
    /// <summary>The dataset in a directory or file, in the catalogue's spelling; null where nothing is
    /// recognised.</summary>
    public static string? Of(string path)
    {
        if (File.Exists(path)) return OfFile(path);
        if (!Directory.Exists(path)) return null;
        string[] files = [.. Directory.EnumerateFiles(path).Take(1000).Select(file => Path.GetFileName(file))];
        string[] folders = [.. Directory.EnumerateDirectories(path).Take(10_000)
            .Select(folder => Path.GetFileName(folder)!)];
        if (files.Any(file => file.Contains("-ubyte", StringComparison.Ordinal))) return "mnist";
        if (files.Concat(folders)
            .FirstOrDefault(name => name.StartsWith("cifar-10", StringComparison.Ordinal)) is string cifar)
            return cifar.StartsWith("cifar-100", StringComparison.Ordinal) ? "cifar100" : "cifar10";
        if (CatsAndDogs.IsAt(path)) return "cats-and-dogs";
        if (folders.Contains("ILSVRC") || IsImageNet(Path.Combine(path, ImageFolder.Train))) return "imagenet";
        if (files.Count(file => file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) == 1) return "csv";
        if (folders.Any(DatasetCatalogue.IsKnown)) return null;   // a folder of datasets is none
        return folders.Any(folder => HasImages(Path.Combine(path, folder), levels: 2)) ? "folder" : null;
    }

    private static string? OfFile(string path)
    {
        if (path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)) return "csv";
        if (path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase))
            return Path.GetFileName(path) == "train.zip" ? "cats-and-dogs" : "folder";
        string name = Path.GetFileName(path);
        return name.StartsWith("cifar-100", StringComparison.Ordinal) ? "cifar100"
            : name.StartsWith("cifar-10", StringComparison.Ordinal) ? "cifar10" : null;
    }

    /// <summary>True where folders are named by wnids: an n and eight digits.</summary>
    private static bool IsImageNet(string train) => Directory.Exists(train)
        && Directory.EnumerateDirectories(train).Select(folder => Path.GetFileName(folder)!)
        .FirstOrDefault() is { Length: 9 } first
        && first[0] == 'n' && first.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;

    private static bool HasImages(string folder, int levels) =>
        Directory.EnumerateFiles(folder).Take(1000).Any(file => ImageNames.IsImage(Path.GetFileName(file.AsSpan())))
        || (levels > 0 && Directory.EnumerateDirectories(folder).Take(100).Any(below => HasImages(below, levels - 1)));
}
