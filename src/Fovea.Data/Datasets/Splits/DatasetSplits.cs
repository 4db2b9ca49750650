using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Splits;

/// <summary>A dataset's parts: to learn from, to choose by, and to report.</summary>
public sealed record DatasetSplits
{
    /// <summary>Origin of a validation set that came with the dataset.</summary>
    public const string Published = "published";

    /// <summary>Images to learn from.</summary>
    public required IImageDataset Train { get; init; }

    /// <summary>Images to choose epochs and settings by; none of them is in the other two. May be empty.</summary>
    public required IImageDataset Validation { get; init; }

    /// <summary>Images to learn from without their classes, those of <see cref="Train"/> among them; null: there are
    /// none.</summary>
    public IImageDataset? Unlabelled { get; init; }

    /// <summary>Images for the final figure.</summary>
    public required IImageDataset Test { get; init; }

    /// <summary>Origin of the validation set, for reports: <see cref="Published"/>, "none", or which share was held
    /// out.</summary>
    public required string ValidationOrigin { get; init; }

    /// <summary>Notes on what was left out, changed or taken in another way than one may expect, a sentence
    /// each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Description of the images.</summary>
    public DatasetInfo Info => Train.Info;

    /// <summary>
    /// All images, where the dataset is published in one part of which the others were cut; otherwise null. Not
    /// limited.
    /// </summary>
    public IImageDataset? Whole { get; init; }

    /// <summary>Splits of a dataset that is published in two parts.</summary>
    public static DatasetSplits WithoutValidation(IImageDataset train, IImageDataset test) =>
        new() { Train = train, Validation = new Subset(train, []), Test = test, ValidationOrigin = "none" };

    /// <summary>Holds out a share of each class of the training set, unless there is a validation set.</summary>
    /// <param name="share">0 (none) to below 1.</param>
    /// <param name="seed">Decides which images.</param>
    public DatasetSplits HoldOutValidation(double share, ulong seed)
    {
        if (Validation.Count > 0 || share == 0) return this;
        (Subset rest, Subset heldOut) = Subset.HoldOut(Train, share, seed);
        if (heldOut.Count == 0) return this;   // one image a class cannot be shared out
        string origin = FormattableString.Invariant($"{100 * share:0.##} % of the training set, by class, seed {seed}");
        return this with { Train = rest, Validation = heldOut, ValidationOrigin = origin };
    }

    /// <summary>Keeps some classes and numbers them anew.</summary>
    /// <param name="classes">How many, or which; null keeps all.</param>
    /// <exception cref="UsageException">There are no such classes.</exception>
    public DatasetSplits Select(string? classes)
    {
        if (classes is null) return this;
        if (Info.IsMultiLabel)
            throw new UsageException("images have several classes each (`labels`), so that none can be kept by class; "
                + "leave their columns out of the list instead.")
            { Field = "classes" };
        int[] numbers = ClassSubset.Choose(Info, classes);
        return this with
        {
            Train = new ClassSubset(Train, numbers),
            Validation = new ClassSubset(Validation, numbers),
            Test = new ClassSubset(Test, numbers),
            Whole = Whole is null ? null : new ClassSubset(Whole, numbers),
        };
    }

    /// <summary>The parts, each changed in the same way.</summary>
    public DatasetSplits Each(Func<IImageDataset, IImageDataset> change) => this with
    {
        Train = change(Train),
        Validation = change(Validation),
        Test = change(Test),
        Whole = Whole is null ? null : change(Whole),
    };

    /// <summary>Passes over images that cannot be read, and counts them.</summary>
    public DatasetSplits SkipBad() => Each(part => new ReadableImages(part));

    /// <summary>Unreadable images that were passed over so far, each as a number of its part and its own in it; null
    /// where they are not passed over.</summary>
    public IReadOnlyList<(int Part, int Image)>? SkippedImages =>
        Unnumbered(Train) is ReadableImages
            ? [.. new[] { Train, Validation, Test, (Unlabelled as PooledImages)?.More }.Select(Unnumbered)
                .OfType<ReadableImages>().Distinct()
                .SelectMany((part, number) => part.SkippedNumbers.Select(image => (number, image)))] : null;

    /// <summary>Notes classes of which nothing can be learned, and those of which the final figure says
    /// nothing.</summary>
    internal DatasetSplits NoteMissingClasses() =>
        this with { Notes = [.. Notes, .. Missing(Train, "training"), .. Missing(Test, "test")] };

    private IEnumerable<string> Missing(IImageDataset part, string name)
    {
        HashSet<int> labels = [.. Enumerable.Range(0, part.Count).Select(part.Label)];
        HashSet<int> classes = Info.LabelSets is { } sets ? [.. labels.SelectMany(set => sets[set])] : labels;
        string[] missing = [.. Info.ClassNames.Where((_, label) => !classes.Contains(label)).Select(one => $"'{one}'")];
        if (part.Count > 0 && missing.Length > 0)
            yield return $"no {name} image has the {(missing.Length == 1 ? "class" : "classes")} "
                + $"{Listing.Of(missing)}.";
    }

    /// <summary>Cuts the parts to a random choice that is balanced over the classes.</summary>
    /// <param name="train">Training images to keep; null keeps all.</param>
    /// <param name="evaluation">Validation images, and also test images, to keep; null keeps all.</param>
    /// <param name="seed">Decides which images.</param>
    public DatasetSplits Limit(int? train, int? evaluation, ulong seed) => this with
    {
        Train = train is int t ? Subset.Balanced(Train, t, seed) : Train,
        Validation = evaluation is int v ? Subset.Balanced(Validation, v, seed) : Validation,
        Test = evaluation is int e ? Subset.Balanced(Test, e, seed) : Test,
    };

    private static IImageDataset? Unnumbered(IImageDataset? part) => part switch
    {
        RenumberedClasses renumbered => renumbered.Source,
        Subset { Source: ReadableImages or RenumberedClasses } chosen => Unnumbered(chosen.Source),
        _ => part,
    };
}
