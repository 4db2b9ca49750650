using System.Collections.Concurrent;

namespace Fovea.Data.Datasets.Splits;

/// <summary>
/// A dataset without its unreadable images: each is replaced by the next readable one of its class (from the last on,
/// the first follows), so that numbers, labels and the number of batches stay; where the part has none of its class, by
/// the next of any, label included. Which one stands in depends on the files alone, not on threads or order. An image
/// is found to be unreadable when it is decoded, since reading every header first would take as long as an epoch on a
/// slow disk.
/// </summary>
/// <param name="source">The other dataset; no image of another part is used as a substitute.</param>
public sealed class ReadableImages(IImageDataset source) : IImageDataset
{
    private readonly ConcurrentDictionary<int, string> _bad = new();
    private readonly ConcurrentDictionary<int, int> _substitutes = new();

    /// <inheritdoc/>
    public DatasetInfo Info => source.Info;

    /// <inheritdoc/>
    public int Count => source.Count;

    /// <summary>Numbers of the unreadable images found so far.</summary>
    public IReadOnlyList<int> SkippedNumbers => [.. _bad.Keys.Order()];

    /// <summary>Errors of the unreadable images found so far, by number.</summary>
    public IReadOnlyList<string> Skipped => [.. _bad.OrderBy(entry => entry.Key).Select(entry => entry.Value)];

    /// <inheritdoc/>
    public int Label(int index) => source.Label(index);

    /// <inheritdoc/>
    public string? NameOf(int index) => source.NameOf(index);

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole) => source.HashOf(index, isWhole);

    /// <inheritdoc/>
    /// <exception cref="DataException">No image can be read.</exception>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        if (_substitutes.TryGetValue(index, out int known)) return source.Read(known, image, leastSide);
        return TryRead(index, image, leastSide) ?? ReadSubstitute(index, image, leastSide);
    }

    private int ReadSubstitute(int index, RawImage image, int leastSide)
    {
        foreach (int other in OthersOf(index))
        {
            if (TryRead(other, image, leastSide) is not int label) continue;
            _substitutes[index] = other;
            return label;
        }

        throw new DataException($"dataset '{Info.Name}': no image of this part can be read, e.g. {_bad[index]}");
    }

    /// <summary>All other images from the next one on, those of its class first.</summary>
    private IEnumerable<int> OthersOf(int index)
    {
        int label = source.Label(index);
        IEnumerable<int> all = Enumerable.Range(1, source.Count - 1).Select(step => (index + step) % source.Count);
        return all.Where(other => source.Label(other) == label)
            .Concat(all.Where(other => source.Label(other) != label));
    }

    /// <returns>The image's class; null if it cannot be read.</returns>
    private int? TryRead(int index, RawImage image, int leastSide)
    {
        if (_bad.ContainsKey(index)) return null;
        try
        {
            return source.Read(index, image, leastSide);
        }
        catch (DataException error)
        {
            _bad[index] = error.Message;
            return null;
        }
    }
}
