namespace Fovea.Data.Datasets.Splits;

/// <summary>The images of another dataset under the numbers and names of a model's classes.</summary>
public sealed class RenumberedClasses : IImageDataset
{
    private readonly int[] _numbers;
    private readonly int[]? _indices;

    /// <param name="source">The other dataset.</param>
    /// <param name="classes">Names and identifiers of the classes are taken from here, the rest from
    /// <paramref name="source"/>.</param>
    /// <param name="numbers">The number of each class of <paramref name="source"/> in <paramref name="classes"/>; -1
    /// leaves its images out.</param>
    public RenumberedClasses(IImageDataset source, DatasetInfo classes, IReadOnlyList<int> numbers)
    {
        Source = source;
        IReadOnlyList<IReadOnlyList<int>>? sets = source.Info.LabelSets;
        // the number of a set stays, and is -1 where it has a class that is left out
        _numbers = sets is null ? [.. numbers]
            : [.. sets.Select((set, number) => set.All(label => numbers[label] >= 0) ? number : -1)];
        if (_numbers.Contains(-1))
            _indices = [.. Enumerable.Range(0, source.Count).Where(index => _numbers[source.Label(index)] >= 0)];
        Info = source.Info with
        {
            ClassNames = classes.ClassNames,
            ClassIds = classes.ClassIds,
            LabelSets = sets is null ? null : [.. sets.Select(set => set.Select(label => numbers[label]).Order()
                .ToArray())],
        };
    }

    /// <summary>The other dataset.</summary>
    public IImageDataset Source { get; }

    /// <inheritdoc/>
    public DatasetInfo Info { get; }

    /// <inheritdoc/>
    public int Count => _indices?.Length ?? Source.Count;

    /// <summary>Number in the source of image <paramref name="index"/>.</summary>
    public int SourceIndex(int index) => _indices is null ? index : _indices[index];

    /// <inheritdoc/>
    public int Label(int index) => _numbers[Source.Label(SourceIndex(index))];

    /// <inheritdoc/>
    public string? NameOf(int index) => Source.NameOf(SourceIndex(index));

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole) => Source.HashOf(SourceIndex(index), isWhole);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        int label = _numbers[Source.Read(SourceIndex(index), image, leastSide)];
        return label >= 0 ? label : Label(index);   // another image stands in, of a class that is left out
    }
}
