using System.IO.Compression;
using System.IO.Hashing;
using Fovea.Core.Formats;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Microsoft.Win32.SafeHandles;

namespace Fovea.Data.Datasets.Files;

/// <summary>Image files in a zip archive, read where they lie: nothing is unpacked to disk.</summary>
internal sealed class ZipStore : IImageStore
{
    // Deflate cannot do better than 258 bytes for 2 bits (zlib's technical notes); the rest is for headers.
    private const long BestRatio = 1032, Overhead = 1024;

    /// <summary>Bytes that few images have.</summary>
    private const int Usual = 16 << 20;

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly ZipEntry[] _places;
    private readonly DecodeLimits _limits;

    private ZipStore(string path, SafeFileHandle file, DecodeLimits limits)
    {
        (_path, _file, _limits) = (path, file, limits);
        List<(string Name, ZipEntry Place)> found = [];
        ZipDirectory.List(path, file, (stored, place) =>
        {
            string name = stored.Replace('\\', '/');   // as some programs of Windows write
            if (!ImageNames.StaysInside(name))
                throw new DataException(
                    $"{path}: holds '{name}', a name that leads out of the archive; it is refused.");
            if (!name.Split('/').Any(part => ImageNames.IsHidden(part))) found.Add((name, place));
        });
        _places = Sort(found);
    }

    public EntryList Entries { get; } = new();

    /// <param name="path">The archive.</param>
    /// <param name="limits">What an image may cost.</param>
    /// <exception cref="DataException">It is no zip archive, is damaged, or holds names that lead out of
    /// it.</exception>
    public static ZipStore Open(string path, DecodeLimits limits)
    {
        if (PlainFile.Refusal(path, "an archive") is string refusal) throw new DataException(refusal);
        try
        {
            return new ZipStore(path, File.OpenHandle(path), limits);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be opened: {error.Message}", error);
        }
    }

    public string PathOf(int entry) => $"{_path}/{Entries.PathOf(entry)}";

    public void Decode(int entry, RawImage image, DecodeOptions options)
    {
        options = options with { Limits = _limits };
        WithContents(entry, options, file =>
        {
            ImageFile.Fill(image, file, PathOf(entry), options);
            return 0;
        });
    }

    public (long Length, long Stamp) Stamp(int entry) => (_places[entry].Length, _places[entry].Crc);

    /// <inheritdoc/>
    /// <remarks>The archive knows a checksum of the whole file, which is a sample for nothing.</remarks>
    public UInt128 Hash(int entry, bool isWhole) => isWhole
        ? WithContents(entry, DecodeOptions.Default, file => XxHash128.HashToUInt128(file.Span)) : _places[entry].Crc;

    public ImageInfo Identify(int entry)
    {
        DecodeOptions options = new() { Limits = _limits };
        return WithContents(entry, options, file => ImageFile.Identify(file, PathOf(entry), options));
    }

    /// <summary>By folder, then by name, as folders on disk are listed.</summary>
    private ZipEntry[] Sort(List<(string Name, ZipEntry Place)> found)
    {
        var files = found.Select(entry =>
            (Folder: FolderOf(entry.Name), Name: entry.Name[(entry.Name.LastIndexOf('/') + 1)..], entry.Place))
            .OrderBy(file => file.Folder, StringComparer.Ordinal).ThenBy(file => file.Name, StringComparer.Ordinal)
            .ToArray();
        List<ZipEntry> places = [];
        int number = -1;
        foreach (var file in files)
        {
            if (number < 0 || Entries.Folders[number] != file.Folder) number = Entries.AddFolder(file.Folder);
            if (!ImageNames.IsImage(file.Name))
            {
                if (file.Folder.Length > 0 && file.Name.Length > 0 && ImageNames.IsForeign(file.Name))
                    Entries.PassedOver.AddForeign($"{file.Folder}/{file.Name}");
                continue;
            }

            Entries.Add(number, file.Name);
            places.Add(file.Place);
        }

        return [.. places];
    }

    private static string FolderOf(string name) => name.LastIndexOf('/') is >= 0 and int slash ? name[..slash] : "";

    /// <summary>Unpacks an entry into rented memory for as long as <paramref name="use"/> takes.</summary>
    private T WithContents<T>(int entry, DecodeOptions options, Func<ReadOnlyMemory<byte>, T> use)
    {
        ZipEntry place = _places[entry];
        long most = place.IsDeflated ? place.Packed * BestRatio + Overhead : place.Packed;
        if (place.Length > Math.Min(most, options.Limits.Bytes) || place.Packed > Array.MaxLength)
            throw Wrong(entry,
                $"claims to unpack from {place.Packed} to {place.Length} bytes, which is more than it can or may");
        byte[] packed = DecodeBuffers.Rent<byte>((int)place.Packed), unpacked = [];
        try
        {
            ReadPacked(entry, place, packed);
            if (place.Length > Usual) RequireImage(entry, place, packed, options);
            unpacked = DecodeBuffers.Rent<byte>((int)place.Length + 1);
            int got = Unpack(entry, place, packed, unpacked.AsSpan(0, (int)place.Length + 1));
            if (got != place.Length)
                throw Wrong(entry,
                    $"unpacks to {(got > place.Length ? "more" : "fewer")} bytes than the " +
                    $"{place.Length} that it claims");
            if (Crc32.HashToUInt32(unpacked.AsSpan(0, got)) != place.Crc) throw Wrong(entry, "has a wrong checksum");
            return use(unpacked.AsMemory(0, got));
        }
        finally
        {
            DecodeBuffers.Return(packed);
            DecodeBuffers.Return(unpacked);
        }
    }

    /// <summary>Looks at the first bytes before much memory is taken for the rest: megabytes of zeros pack into
    /// nothing.</summary>
    private void RequireImage(int entry, ZipEntry place, byte[] packed, DecodeOptions options)
    {
        byte[] beginning = new byte[64];
        int got = Unpack(entry, place, packed, beginning);
        ImageSignature.Recognize(new ImageSource(PathOf(entry), beginning.AsMemory(0, got), options));
    }

    private void ReadPacked(int entry, ZipEntry place, byte[] packed)
    {
        try
        {
            long start = ZipDirectory.ContentsOf(_file, place)
                ?? throw Wrong(entry, $"does not begin at offset {place.Offset}");
            if (RandomAccess.Read(_file, packed.AsSpan(0, (int)place.Packed), start) < place.Packed)
                throw Wrong(entry, "is cut off");
        }
        catch (IOException error)
        {
            throw new DataException($"{PathOf(entry)}: cannot be read: {error.Message}", error);
        }
    }

    /// <returns>Bytes unpacked; one more than claimed tells that there are too many.</returns>
    private int Unpack(int entry, ZipEntry place, byte[] packed, Span<byte> unpacked)
    {
        if (!place.IsDeflated)
        {
            int count = Math.Min(unpacked.Length, (int)place.Packed);
            packed.AsSpan(0, count).CopyTo(unpacked);
            return count;
        }

        try
        {
            using DeflateStream deflate = new(new MemoryStream(packed, 0, (int)place.Packed),
                CompressionMode.Decompress);
            return deflate.ReadAtLeast(unpacked, unpacked.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException error)
        {
            throw new DataException($"{PathOf(entry)}: is damaged: {error.Message}", error);
        }
    }

    private DataException Wrong(int entry, string what) =>
        new($"{PathOf(entry)}: {what}; the archive is damaged or hostile.");
}
