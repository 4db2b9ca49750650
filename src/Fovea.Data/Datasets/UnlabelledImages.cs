using System.Collections.Concurrent;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets;

/// <summary>All image files below a folder, without classes: every label is 0. An unreadable one comes as a single
/// black pixel, and is remembered.</summary>
public sealed class UnlabelledImages : IImageDataset
{
    private readonly FolderStore _store;
    private readonly ConcurrentDictionary<int, string> _unreadable = new();

    /// <summary>Lists the folder; nothing is decoded.</summary>
    /// <param name="folder">Images at any depth; links are followed, and one that leads nowhere cannot be read.</param>
    /// <param name="info">Classes and normalisation of the model that will look at them.</param>
    /// <param name="limits">What an image may cost; null: the usual limits.</param>
    /// <exception cref="DataException">There is no such folder, no image in it, or it cannot be listed.</exception>
    public UnlabelledImages(string folder, DatasetInfo info, DecodeLimits? limits = null)
    {
        if (!Directory.Exists(folder)) throw new DataException($"'{folder}' is not a folder; give one with images.");
        (Info, _store) = (info, new FolderStore(folder, FolderWalk.List(folder, keepsDangling: true),
            limits ?? DecodeLimits.Default));
        if (Count == 0) throw new DataException($"'{folder}' holds no images ({ImageSignature.Readable}).");
    }

    /// <inheritdoc/>
    public DatasetInfo Info { get; }

    /// <summary>Notes on what the listing left out, a sentence each.</summary>
    public IReadOnlyList<string> Notes => [.. _store.Entries.PassedOver.Sentences()];

    /// <inheritdoc/>
    public int Count => _store.Entries.Count;

    /// <summary>Errors of the unreadable images that were asked for so far, by number.</summary>
    public IReadOnlyDictionary<int, string> Unreadable => _unreadable;

    /// <summary>An image's path below the folder, with forward slashes.</summary>
    public string PathOf(int index) => _store.Entries.PathOf(index);

    /// <inheritdoc/>
    public int Label(int index) => 0;

    /// <inheritdoc/>
    public int Read(int index, RawImage image, int leastSide = 0)
    {
        try
        {
            _store.Decode(index, image, new DecodeOptions { LeastSide = leastSide });
        }
        catch (DataException error)
        {
            _unreadable[index] = error.Message;
            image.SetSize(1, 1, 1);
            image.Pixels.Clear();
        }

        return 0;
    }
}
