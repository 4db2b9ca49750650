using Fovea.Data.Classics;
using Fovea.Data.Shapes;

namespace Fovea.Data;

/// <summary>The datasets by name. Another one is one line here.</summary>
public static class Datasets
{
    private static (string Name, bool NeedsFiles, Func<string, DatasetOptions, DatasetSplits> Load)[] Known { get; } =
    [
        ("shapes", false, (_, options) => ShapesDataset.Load(options.Seed)),
        ("mnist", true, (directory, _) => Mnist.Load(directory)),
        ("fashion-mnist", true, (directory, _) => Mnist.LoadFashion(directory)),
        ("cifar10", true, (directory, _) => Cifar.Load10(directory)),
        ("cifar100", true, (directory, _) => Cifar.Load100(directory)),
    ];

    /// <summary>Names that <see cref="Load"/> takes; it also takes them with other capitals and dashes, such as <c>CIFAR-10</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(dataset => dataset.Name)];

    /// <summary>The catalogue's spelling of a name.</summary>
    /// <exception cref="UsageException">There is no such dataset; the message names the nearest and all others.</exception>
    public static string Canonical(string name) => Find(name).Name;

    /// <summary>Loads a dataset, holds out a validation set where none is published, then applies the limits.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="directory">Where its files lie; not looked at by <c>shapes</c>.</param>
    /// <param name="options">Seed, share and limits; the usual ones if null.</param>
    /// <exception cref="UsageException">There is no such dataset, it needs a directory, or an option makes no sense.</exception>
    /// <exception cref="DataException">Files are missing, wrong, cut off or hostile.</exception>
    public static DatasetSplits Load(string name, string? directory = null, DatasetOptions? options = null)
    {
        options ??= new();
        options.Validate();
        var dataset = Find(name);
        if (dataset.NeedsFiles && directory is null)
            throw new UsageException($"dataset '{dataset.Name}': say where its files lie (--data DIR).");
        if (dataset.NeedsFiles && !Directory.Exists(directory) && !File.Exists(directory))
            throw new DataException($"dataset '{dataset.Name}': there is no directory '{directory}'; give the one that holds its files.");
        return dataset.Load(directory ?? "", options)
            .HoldOutValidation(options.ValidationShare, options.Seed)
            .Limit(options.TrainLimit, options.EvaluationLimit, options.Seed);
    }

    private static (string Name, bool NeedsFiles, Func<string, DatasetOptions, DatasetSplits> Load) Find(string name)
    {
        foreach (var dataset in Known)
            if (Key(dataset.Name) == Key(name)) return dataset;
        throw new UsageException(
            $"dataset '{name}' does not exist.{Suggest.DidYouMean(name, Names)} The datasets are {string.Join(", ", Names)}.");
    }

    private static string Key(string name) => name.Replace("-", "").Replace("_", "").ToLowerInvariant();
}
