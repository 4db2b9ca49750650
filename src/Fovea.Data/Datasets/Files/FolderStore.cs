using System.Buffers;
using System.IO.Hashing;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Microsoft.Win32.SafeHandles;

namespace Fovea.Data.Datasets.Files;

/// <summary>Image files below a folder.</summary>
/// <param name="root">The folder.</param>
/// <param name="entries">The files.</param>
/// <param name="limits">What an image may cost.</param>
internal sealed class FolderStore(string root, EntryList entries, DecodeLimits limits) : IImageStore
{
    /// <summary>Bytes from the middle of a file that tell most images of equal length apart.</summary>
    private const int SampleSize = 1024;

    public EntryList Entries => entries;

    public string PathOf(int entry) => Path.Combine(root, entries.PathOf(entry));

    public void Decode(int entry, RawImage image, DecodeOptions options) =>
        ImageFile.Fill(image, PathOf(entry), options with { Limits = limits });

    public (long Length, long Stamp) Stamp(int entry)
    {
        FileInfo file = new(PathOf(entry));
        if (file.Exists && file.Attributes.HasFlag(FileAttributes.ReparsePoint))
            file = (FileInfo)file.ResolveLinkTarget(returnFinalTarget: true)!;   // the link itself is as long as a path
        return file.Exists ? (file.Length, file.LastWriteTimeUtc.Ticks) : (-1, 0);
    }

    public UInt128 Hash(int entry, bool isWhole)
    {
        string path = PathOf(entry);
        if (PlainFile.Refusal(path, "an image") is string refusal) throw new DataException(refusal);
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            return isWhole ? HashAll(file) : HashSample(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    private static UInt128 HashSample(SafeFileHandle file)
    {
        Span<byte> bytes = stackalloc byte[SampleSize];
        long middle = Math.Max(0, (RandomAccess.GetLength(file) - SampleSize) / 2);
        return XxHash128.HashToUInt128(bytes[..RandomAccess.Read(file, bytes, middle)]);
    }

    private static UInt128 HashAll(SafeFileHandle file)
    {
        XxHash128 hash = new();
        byte[] bytes = ArrayPool<byte>.Shared.Rent(1 << 16);
        long at = 0;
        for (int got = RandomAccess.Read(file, bytes, at); got > 0; got = RandomAccess.Read(file, bytes, at))
        {
            hash.Append(bytes.AsSpan(0, got));
            at += got;
        }

        ArrayPool<byte>.Shared.Return(bytes);
        return hash.GetCurrentHashAsUInt128();
    }

    public ImageInfo Identify(int entry) => ImageFile.Identify(PathOf(entry), new() { Limits = limits });
}
