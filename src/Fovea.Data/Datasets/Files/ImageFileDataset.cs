using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Datasets.Files;

/// <summary>
/// Image files of any size, listed once and decoded when asked for. Grey ones get three channels where the dataset is
/// coloured; EXIF orientation is applied.
/// </summary>
public sealed class ImageFileDataset : IImageDataset
{
    private readonly IImageStore _store;
    private readonly int[] _entries, _labels;

    /// <param name="info">What the images are.</param>
    /// <param name="store">Where they lie.</param>
    /// <param name="part">Which of them, and their classes.</param>
    internal ImageFileDataset(DatasetInfo info, IImageStore store, LabelledEntries part)
    {
        (Info, _store) = (info, store);
        (_entries, _labels) = (part.Entries, part.Labels);
    }

    /// <inheritdoc/>
    public DatasetInfo Info { get; }

    /// <inheritdoc/>
    public int Count => _entries.Length;

    /// <inheritdoc/>
    public int Label(int index) => _labels[index];

    /// <inheritdoc/>
    public string? NameOf(int index) => _store.Entries.PathOf(_entries[index]);

    /// <inheritdoc/>
    public UInt128? HashOf(int index, bool isWhole)
    {
        try
        {
            return _store.Hash(_entries[index], isWhole);
        }
        catch (DataException)
        {
            return null;   // reading the image will say so
        }
    }

    /// <summary>The file of image <paramref name="index"/>; one in an archive has the archive's name in
    /// front.</summary>
    public string PathOf(int index) => _store.PathOf(_entries[index]);

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        Decode(_entries[index], image,
            leastSide == 0 ? DecodeOptions.Default : DecodeOptions.Default with { LeastSide = leastSide });
        if (image.Channels < Info.Channels) image.Repeat(Info.Channels);
        return _labels[index];
    }

    private void Decode(int entry, RawImage image, DecodeOptions options)
    {
        try
        {
            _store.Decode(entry, image, options);
        }
        catch (DataException error)
        {
            throw new DataException(error.Message,
                error)
            { Remedy = "`skip-bad` passes over unreadable images, 'fovea data inspect' finds all." };
        }
    }
}
