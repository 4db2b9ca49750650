using System.Globalization;
using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Splits;

/// <summary>The images of some classes of another dataset, with the classes numbered anew.</summary>
public sealed class ClassSubset : IImageDataset
{
    private readonly IImageDataset _source;
    private readonly int[] _indices, _newNumbers;

    /// <summary>The images of <paramref name="classes"/>.</summary>
    /// <param name="source">The other dataset.</param>
    /// <param name="classes">Numbers of its classes, all different; their places are the new numbers.</param>
    public ClassSubset(IImageDataset source, IReadOnlyList<int> classes)
    {
        _source = source;
        _newNumbers = new int[source.Info.Classes];
        _newNumbers.AsSpan().Fill(-1);
        for (int i = 0; i < classes.Count; i++) _newNumbers[classes[i]] = i;
        _indices = [.. Enumerable.Range(0, source.Count).Where(index => _newNumbers[source.Label(index)] >= 0)];
        Info = source.Info with
        {
            ClassNames = [.. classes.Select(label => source.Info.ClassNames[label])],
            ClassIds = source.Info.ClassIds is { } ids ? [.. classes.Select(label => ids[label])] : null,
        };
    }

    /// <inheritdoc/>
    public DatasetInfo Info { get; }

    /// <inheritdoc/>
    public int Count => _indices.Length;

    /// <inheritdoc/>
    public int Label(int index) => _newNumbers[_source.Label(_indices[index])];

    /// <inheritdoc/>
    public string? NameOf(int index) => _source.NameOf(_indices[index]);

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole) => _source.HashOf(_indices[index], isWhole);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0) =>
        _newNumbers[_source.Read(_indices[index], image, leastSide)];

    /// <summary>The classes that a text asks for.</summary>
    /// <param name="info">The classes that there are.</param>
    /// <param name="text">A number (the first so many), or names or identifiers separated by commas. A number alone is
    /// never a name.</param>
    /// <exception cref="UsageException">There are not so many, one does not exist or comes twice, or fewer than two
    /// remain.</exception>
    public static int[] Choose(DatasetInfo info, string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count))
        {
            return count >= 2 && count <= info.Classes ? [.. Enumerable.Range(0, count)]
                : throw new UsageException(
                    $"classes: '{info.Name}' has {info.Classes} classes; from 2 to {info.Classes} can be kept, not "
                        + $"{count}.");
        }

        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int[] numbers = [.. names.Select(name => Find(info, name))];
        if (numbers.Length < 2)
            throw new UsageException($"classes: '{text}' leaves fewer than two classes to tell apart.");
        int twice = numbers.GroupBy(number => number).FirstOrDefault(group => group.Count() > 1)?.Key ?? -1;
        return twice < 0 ? numbers : throw new UsageException($"classes: '{info.ClassNames[twice]}' is there twice.");
    }

    private static int Find(DatasetInfo info, string name)
    {
        string wanted = CanonicalText.Compose(name);
        for (int label = 0; label < info.Classes; label++)
            if (CanonicalText.Compose(info.ClassNames[label]) == wanted || info.ClassIds?[label] == name) return label;
        throw new UsageException(
            $"classes: '{info.Name}' has no class "
                + $"'{name}'.{NearestName.Question(name, info.ClassNames, " Did you mean '{0}'?")}");
    }
}
