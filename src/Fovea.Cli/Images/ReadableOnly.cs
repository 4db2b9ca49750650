using System.Collections.Concurrent;
using Fovea.Data;

namespace Fovea.Cli.Images;

/// <summary>Images of which one that cannot be read costs no other: it comes as a single black pixel, and is
/// remembered.</summary>
/// <param name="inner">The images.</param>
internal sealed class ReadableOnly(IImageDataset inner) : IImageDataset
{
    private readonly ConcurrentDictionary<int, DataException> _errors = new();

    /// <summary>Errors of the images that could not be read so far, by number.</summary>
    public IReadOnlyDictionary<int, DataException> Errors => _errors;

    /// <summary>Reads all images.</summary>
    /// <returns>Numbers of those that could be read.</returns>
    public int[] ReadAll()
    {
        Parallel.For(0, Count, () => new RawImage(), (i, _, image) =>
        {
            Read(i, image);
            return image;
        }, _ => { });
        return [.. Enumerable.Range(0, Count).Where(i => !_errors.ContainsKey(i))];
    }

    /// <inheritdoc/>
    public DatasetInfo Info => inner.Info;

    /// <inheritdoc/>
    public int Count => inner.Count;

    /// <inheritdoc/>
    public int Label(int index) => inner.Label(index);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        try
        {
            return inner.Read(index, image, leastSide);
        }
        catch (DataException error)
        {
            _errors[index] = error;
            image.SetSize(1, 1, 1);
            image.Pixels.Clear();
            return inner.Label(index);
        }
    }
}
