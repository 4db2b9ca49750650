
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>The datasets by name. Another one is one line here.</summary>
public static class DatasetCatalogue
{
    private static Entry[] Known { get; } =
    [
        new("shapes", (_, options) => ShapesDataset.Load(options.Seed)) { NeedsFiles = false },
        new("mnist", (directory, _) => Mnist.Load(directory)),
        new("fashion-mnist", (directory, _) => Mnist.LoadFashion(directory)),
        new("cifar10", (directory, _) => Cifar.Load10(directory)),
        new("cifar100", (directory, _) => Cifar.Load100(directory)),
        new("folder", ImageFolder.Load, "image-folder") { HasImageFiles = true },
        new("imagenet", ImageNet.Load, "imagenet-1k", "ilsvrc2012") { HasImageFiles = true },
        new("cats-and-dogs", CatsAndDogs.Load, "dogs-vs-cats", "cats-vs-dogs", "cats-dogs") { HasImageFiles = true },
        new("csv", CsvImages.Load) { HasImageFiles = true },
        new(UnlabelledFolder.Name, UnlabelledFolder.Load) { HasImageFiles = true, HoldsOut = false },
    ];

    /// <summary>Names that <see cref="Load"/> takes; it also takes them with other capitals and dashes, such as
    /// <c>CIFAR-10</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(dataset => dataset.Name)];

    /// <summary>The catalogue's spelling of a name.</summary>
    /// <exception cref="UsageException">There is no such dataset; the message names the nearest and all
    /// others.</exception>
    public static string Canonical(string name) => Find(name).Name;

    /// <summary>True for the name of a dataset.</summary>
    public static bool IsKnown(string name) => Known.Any(dataset => dataset.IsCalled(name));

    /// <summary>
    /// Loads a dataset, chooses its classes, holds out a validation set where none is published, then applies fraction
    /// and limits to what is left.
    /// </summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="directory">Where its files lie; not looked at by <c>shapes</c>.</param>
    /// <param name="options">Seed, share and limits; the usual ones if null.</param>
    /// <exception cref="UsageException">There is no such dataset, it needs a directory, or an option makes no
    /// sense.</exception>
    /// <exception cref="DataException">Files are missing, wrong, cut off or hostile.</exception>
    public static DatasetSplits Load(string name, string? directory = null, DatasetOptions? options = null)
    {
        options ??= new();
        options.Validate();
        Entry dataset = Find(name);
        if (dataset.NeedsFiles && directory is null)
            throw new UsageException($"dataset '{dataset.Name}': say where its files lie (`data` DIR).");
        if (dataset.NeedsFiles && !Directory.Exists(directory) && !File.Exists(directory))
            throw new DataException(
                $"dataset '{dataset.Name}': there is no directory '{directory}'; give the one that holds its files.");
        if (options.Cache is not null && !dataset.HasImageFiles)
            throw new UsageException(
                $"cache: '{dataset.Name}' is no dataset of image files, nothing in it is worth " +
                "keeping; leave `cache` out.");
        if (options.Labels is not null && dataset.Name != "csv")
            throw new UsageException(
                $"a list of labels goes with image files that it names, not with '{dataset.Name}'; "
                + "leave `dataset` out, or name 'csv'.")
            { Field = "labels" };
        Func<string, DatasetOptions, DatasetSplits> load = options.Labels is null ? dataset.Load
            : MultiLabelImages.Load;
        DatasetSplits splits = load(directory ?? "", options)
            .Select(options.Classes)
            .NoteMissingClasses()
            .HoldOutValidation(dataset.HoldsOut ? options.ValidationShare : 0, options.Seed);
        splits = (splits with { Train = Subset.Fraction(splits.Train, options.TrainFraction, options.Seed) })
            .Limit(options.TrainLimit, options.EvaluationLimit, options.Seed);
        return options.SkipBad ? splits.SkipBad() : splits;
    }

    private static Entry Find(string name) => Known.FirstOrDefault(dataset => dataset.IsCalled(name))
        ?? throw new UsageException(
        $"dataset '{name}' does not exist.{NearestName.Question(name, Names, " Did you mean '{0}'?")} The datasets are "
            + $"{string.Join(", ", Names)}.");

    /// <param name="Name">In the catalogue.</param>
    /// <param name="Load">Reads it from a directory.</param>
    /// <param name="Aliases">Other names.</param>
    private sealed record Entry(string Name, Func<string, DatasetOptions, DatasetSplits> Load, params string[] Aliases)
    {
        public bool NeedsFiles { get; init; } = true;

        public bool HasImageFiles { get; init; }

        public bool HoldsOut { get; init; } = true;

        public bool IsCalled(string name) => Key(name) == Key(Name) || Aliases.Any(alias => Key(name) == Key(alias));

        private static string Key(string name) => name.Replace("-", "").Replace("_", "").ToLowerInvariant();
    }
}
