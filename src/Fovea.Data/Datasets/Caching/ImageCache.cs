using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Caching;

/// <summary>
/// Images of a store, decoded and resized once and kept as bytes in one file, which is mapped into memory: the system
/// keeps of it what fits. An image's checksum is tested whenever it is read. What is not in the file is read from the
/// store.
/// </summary>
internal sealed class ImageCache : IImageStore
{
    private readonly IImageStore _store;
    private readonly string _path;
    private readonly CacheEntry[] _index;
    private readonly MemoryMappedViewAccessor _view;
    private readonly CacheHeader _header;

    private ImageCache(IImageStore store, string path, CacheHeader header, CacheEntry[] index,
        MemoryMappedViewAccessor view) =>
        (_store, _path, _header, _index, _view) = (store, path, header, index, view);

    public EntryList Entries => _store.Entries;

    /// <summary>Opens the cache of a store's images; makes it first where there is none.</summary>
    /// <param name="store">The images.</param>
    /// <param name="entries">Which of them, in ascending order.</param>
    /// <param name="name">The dataset's; names files in a folder.</param>
    /// <param name="options">Where, and in which size.</param>
    /// <exception cref="DataException">The file is no cache, of other images or of another size, damaged, or cannot be
    /// written.</exception>
    public static ImageCache Open(IImageStore store, int[] entries, string name, CacheOptions options)
    {
        options.Validate();
        byte[] key = CacheHeader.KeyOf(store, entries, options.Side);
        bool isFolder = Directory.Exists(options.Path) || Path.EndsInDirectorySeparator(options.Path);
        string path = isFolder ? Path.Combine(options.Path,
            $"{name}-{options.Side}-{Convert.ToHexStringLower(key)[..12]}.images") : options.Path;
        if (!File.Exists(path)) CacheWriter.Write(path, store, entries, key, options);
        try
        {
            return Map(store, path, key, options.Side);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: the cache cannot be read: {error.Message}", error);
        }
    }

    public string PathOf(int entry) => _store.PathOf(entry);

    public (long Length, long Stamp) Stamp(int entry) => _store.Stamp(entry);

    public UInt128 Hash(int entry, bool isWhole) => _store.Hash(entry, isWhole);

    public ImageInfo Identify(int entry) => _store.Identify(entry);

    /// <summary>Images come in the cache's size, whatever the options say.</summary>
    public void Decode(int entry, RawImage image, DecodeOptions options)
    {
        CacheEntry place = _index[entry];
        if (place.Offset == 0)
        {
            _store.Decode(entry, image, options);   // could not be read then, and will say why
            return;
        }

        if (place.CheckedLength(_header.DataStart, _header.FileLength) == 0) throw Damaged(entry);
        image.SetSize(place.Channels, place.Height, place.Width);
        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)place.Offset, image.Pixels);
        if (Crc32C.Of(image.Pixels) != place.Checksum) throw Damaged(entry);
    }

    private static ImageCache Map(IImageStore store, string path, byte[] key, int side)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        byte[] first = new byte[CacheHeader.Size];
        if (file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) < first.Length)
            throw Refuse(path, "is too short to be an image cache");
        CacheHeader header = CacheHeader.Parse(first, out string wrong) ?? throw Refuse(path, wrong);
        if (header.Side != side)
            throw Refuse(path, $"holds images of {header.Side} pixels, not of {side} (`cache-size`)");
        if (!header.Key.AsSpan().SequenceEqual(key) || header.Count != store.Entries.Count)
            throw Refuse(path, "was made for other images, or they have changed since");
        if (file.Length != header.FileLength || file.Length < header.DataStart)
            throw Refuse(path, $"has {file.Length} bytes where {header.FileLength} belong");
        CacheEntry[] index = new CacheEntry[header.Count];
        file.ReadExactly(MemoryMarshal.AsBytes(index.AsSpan()));
        if (Crc32C.Of(MemoryMarshal.AsBytes<CacheEntry>(index)) != header.IndexChecksum)
            throw Refuse(path, "is damaged (its index has a wrong checksum)");
        MemoryMappedFile map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read,
            HandleInheritability.None, leaveOpen: true);
        return new(store, path, header, index, map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read));
    }

    private static DataException Refuse(string path, string what) =>
        new($"{path}: {what}; delete it to have it made anew, or give another `cache`.");

    private DataException Damaged(int entry) => Refuse(_path, $"is damaged at the image '{Entries.PathOf(entry)}'");
}
