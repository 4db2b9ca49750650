using System.IO.Compression;

namespace Fovea.Core.Formats;

/// <summary>
/// Reads a file from front to back, unpacking it if it is gzipped. A hostile file cannot make it read more than a
/// limit, nor allocate for bytes that are not there; whatever is wrong ends in a <see cref="DataException"/> that names
/// the file.
/// </summary>
internal sealed class BoundedReader : IDisposable
{
    /// <summary>Five times the largest file that is read here (CIFAR, unpacked).</summary>
    public const long DefaultLimit = 1L << 30;

    // Deflate cannot do better than 258 bytes for 2 bits (zlib's technical notes); the rest is for headers.
    private const long BestRatio = 1032, Overhead = 1024;
    private const int Step = 1 << 20;

    private readonly Stream _file;
    private readonly Stream _content;
    private readonly long _limit;
    private readonly long _most;

    private BoundedReader(string path, Stream file, long limit)
    {
        Path = path;
        _file = file;
        _limit = limit;
        bool zipped = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
        file.Position = 0;
        _content = zipped ? new GZipStream(file, CompressionMode.Decompress) : file;
        _most = zipped ? file.Length * BestRatio + Overhead : file.Length;
    }

    /// <summary>The file, for messages.</summary>
    public string Path { get; }

    /// <summary>Bytes read so far, unpacked.</summary>
    public long Position { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">Gzipped or not; its first two bytes tell.</param>
    /// <param name="limit">Bytes that may be read in all, unpacked.</param>
    public static BoundedReader Open(string path, long limit = DefaultLimit)
    {
        if (PlainFile.Refusal(path, "data") is string refusal) throw new DataException(refusal);
        try
        {
            return new BoundedReader(path, File.OpenRead(path), limit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>The next <paramref name="length"/> bytes. Memory grows with what arrives, not with what was
    /// promised.</summary>
    /// <param name="length">From the file, so not to be trusted.</param>
    /// <param name="what">Names the bytes in messages, such as "the pixels".</param>
    public byte[] Read(long length, string what)
    {
        Require(length, what);
        byte[] bytes = new byte[Math.Min(length, Step)];
        int filled = 0;
        while (true)
        {
            int got = ReadSome(bytes.AsSpan(filled));
            filled += got;
            if (filled == length) return bytes;
            if (got == 0) throw Truncated(length - filled, what);
            if (filled == bytes.Length) Array.Resize(ref bytes, (int)Math.Min(length, 2L * filled));
        }
    }

    /// <summary>Passes over the next <paramref name="length"/> bytes.</summary>
    public void Skip(long length, string what)
    {
        Require(length, what);
        byte[] waste = new byte[Math.Min(length, 1 << 16)];
        while (length > 0)
        {
            int got = ReadSome(waste.AsSpan(0, (int)Math.Min(length, waste.Length)));
            if (got == 0) throw Truncated(length, what);
            length -= got;
        }
    }

    /// <summary>Fills <paramref name="bytes"/> as far as the file goes.</summary>
    /// <returns>Bytes read; fewer than asked for only at the end of the file.</returns>
    public int ReadSome(Span<byte> bytes)
    {
        int filled = 0;
        try
        {
            for (int got = -1; got != 0 && filled < bytes.Length; filled += got) got = _content.Read(bytes[filled..]);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new DataException(
                $"{Path}: is damaged or cut off after {Position + filled} unpacked bytes; download it again.", e);
        }

        Position += filled;
        return Position <= _limit ? filled : throw new DataException(
            $"{Path}: unpacks to more than {_limit} bytes, which no file of these datasets does; it was not read "
                + "further.");
    }

    /// <summary>Complains if anything is left.</summary>
    public void RequireEnd()
    {
        if (ReadSome(new byte[1]) != 0)
            throw new DataException($"{Path}: there are bytes left after the last record, at {Position - 1}.");
    }

    /// <summary>Reads on to the end of a gzipped file, so that its checksum and length are reached and
    /// tested.</summary>
    public void RequireIntact()
    {
        byte[] waste = new byte[1 << 16];
        while (_content != _file && ReadSome(waste) > 0) { }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _content.Dispose();
        _file.Dispose();
    }

    private void Require(long length, string what)
    {
        long left = Math.Max(0, _most - Position);
        if (length > _limit - Position)
            throw new DataException(
                $"{Path}: {what} should take {length} bytes at offset {Position}; files of these datasets have at most "
                    + $"{_limit} in all, so it was not read.");
        if (length <= left) return;
        throw new DataException(
            $"{Path}: {what} should take {length} bytes at offset {Position}, but the file can hold {left} more; " +
            "it is cut off or its header is wrong.");
    }

    private DataException Truncated(long missing, string what) =>
        new($"{Path}: ends at offset {Position}, {missing} bytes before the end of {what}; download it again.");
}
