using Fovea.Data.Codecs.Decoding;

namespace Fovea.Data.Datasets.Files;

/// <summary>Image files by number, wherever they lie. Reading is safe from several threads at once.</summary>
internal interface IImageStore
{
    /// <summary>Names of the files.</summary>
    EntryList Entries { get; }

    /// <summary>A file's full name, for messages.</summary>
    string PathOf(int entry);

    /// <summary>Decodes a file into <paramref name="image"/>, upright.</summary>
    /// <exception cref="DataException">It cannot be read.</exception>
    void Decode(int entry, RawImage image, DecodeOptions options);

    /// <summary>What tells that a file has changed: its length, and its time or checksum.</summary>
    (long Length, long Stamp) Stamp(int entry);

    /// <summary>Reads a file's header.</summary>
    /// <exception cref="DataException">It cannot be read.</exception>
    ImageInfo Identify(int entry);
}
