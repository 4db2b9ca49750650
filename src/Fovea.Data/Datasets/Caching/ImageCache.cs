using System.Runtime.InteropServices;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets.Files;
using Microsoft.Win32.SafeHandles;

namespace Fovea.Data.Datasets.Caching;

/// <summary>
/// Images of a store, decoded and resized once and kept as bytes in one file, of which the system keeps in memory what
/// fits. It is read through a handle: of a mapped file that is cut short, no error could be made. An image's checksum
/// is tested whenever it is read. What is not in the file is read from the store.
/// </summary>
internal sealed class ImageCache : IImageStore
{
    private readonly IImageStore _store;
    private readonly string _path;
    private readonly CacheEntry[] _index;
    private readonly SafeFileHandle _file;
    private readonly CacheHeader _header;

    private ImageCache(IImageStore store, string path, CacheHeader header, CacheEntry[] index,
        SafeFileHandle file) =>
        (_store, _path, _header, _index, _file) = (store, path, header, index, file);

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
        if (!TryRead(image.Pixels, place.Offset)) throw Refuse(_path,
            $"was cut short, or cannot be read any more, at the image '{Entries.PathOf(entry)}'");
        if (Crc32C.Of(image.Pixels) != place.Checksum) throw Damaged(entry);
    }

    private bool TryRead(Span<byte> pixels, long offset)
    {
        try
        {
            for (int got = -1; got != 0 && !pixels.IsEmpty; pixels = pixels[got..], offset += got)
                got = RandomAccess.Read(_file, pixels, offset);
            return pixels.IsEmpty;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static ImageCache Map(IImageStore store, string path, byte[] key, int side)
    {
        if (PlainFile.OtherKind(path) is string kind) throw Refuse(path, $"is {kind}, not a file");
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
        return new(store, path, header, index,
            File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete));
    }

    private static DataException Refuse(string path, string what) =>
        new($"{path}: {what}; delete it to have it made anew, or give another `cache`.");

    private DataException Damaged(int entry) => Refuse(_path, $"is damaged at the image '{Entries.PathOf(entry)}'");
}
