namespace Fovea.Data.Datasets.Splits;

/// <summary>Images of a dataset, and behind them others without classes, whose label is
/// <see cref="Unknown"/>.</summary>
/// <param name="first">Images with classes.</param>
/// <param name="more">Images without.</param>
internal sealed class PooledImages(IImageDataset first, IImageDataset more) : IImageDataset
{
    /// <summary>Label of an image whose class is not known.</summary>
    public const int Unknown = -1;

    /// <summary>The images without classes.</summary>
    public IImageDataset More => more;

    /// <inheritdoc/>
    public DatasetInfo Info => first.Info;

    /// <inheritdoc/>
    public int Count => first.Count + more.Count;

    /// <inheritdoc/>
    public int Label(int index) => index < first.Count ? first.Label(index) : Unknown;

    /// <inheritdoc/>
    public string? NameOf(int index) =>
        index < first.Count ? first.NameOf(index) : more.NameOf(index - first.Count);

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole) =>
        index < first.Count ? first.HashOf(index, isWhole) : more.HashOf(index - first.Count, isWhole);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        if (index < first.Count) return first.Read(index, image, leastSide);
        more.Read(index - first.Count, image, leastSide);
        return Unknown;
    }
}
