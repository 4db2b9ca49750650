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

    /// <summary>Mark that tells that a file has changed: its length, and its time or checksum.</summary>
    (long Length, long Stamp) Stamp(int entry);

    /// <summary>Hash of a few bytes of a file, or of all, as an unpacked file has them.</summary>
    /// <param name="entry">The file.</param>
    /// <param name="isWhole">False where a sample will do.</param>
    /// <exception cref="DataException">It cannot be read.</exception>
    UInt128 Hash(int entry, bool isWhole);

    /// <summary>Reads a file's header.</summary>
    /// <exception cref="DataException">It cannot be read.</exception>
    ImageInfo Identify(int entry);
}
