using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Caching;

/// <summary>The first 76 bytes of a cache, little-endian; the index follows, then the samples.</summary>
/// <param name="Side">Shorter side of its images.</param>
/// <param name="Count">Records in the index: one for each file of the store.</param>
/// <param name="IndexChecksum">CRC-32C of the index.</param>
/// <param name="FileLength">Bytes of the whole file.</param>
/// <param name="Key">What it was made of: see <see cref="KeyOf"/>.</param>
internal sealed record CacheHeader(int Side, int Count, uint IndexChecksum, long FileLength, byte[] Key)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 76;

    private const int Version = 1, KeyAt = 40, ChecksumAt = KeyAt + SHA256.HashSizeInBytes;

    /// <summary>Offset of the samples.</summary>
    public long DataStart => Size + (long)Count * CacheEntry.Size;

    private static ReadOnlySpan<byte> Mark => "FoveaPix"u8;

    /// <summary>SHA-256 of everything that decides what a cache holds: the files with their sizes and times, which are
    /// cached, and the resize.</summary>
    public static byte[] KeyOf(IImageStore store, ReadOnlySpan<int> entries, int side)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Version} {side} {store.Entries.Count}\n"));
        foreach (int entry in entries)
        {
            (long length, long stamp) = store.Stamp(entry);
            hash.AppendData(Encoding.UTF8.GetBytes($"{entry} {store.Entries.PathOf(entry)}\0{length} {stamp}\n"));
        }

        return hash.GetHashAndReset();
    }

    /// <summary>The header as bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Size];
        Mark.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Side);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), Count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(20), IndexChecksum);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), FileLength);
        Key.CopyTo(bytes, KeyAt);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumAt), Crc32C.Of(bytes.AsSpan(0, ChecksumAt)));
        return bytes;
    }

    /// <summary>Reads a header.</summary>
    /// <param name="bytes">As many as a header has.</param>
    /// <param name="wrong">What is wrong with it, where the result is null.</param>
    public static CacheHeader? Parse(ReadOnlySpan<byte> bytes, out string wrong)
    {
        int version = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            count = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumAt..]);
        wrong = !bytes.StartsWith(Mark) ? "is no image cache"
            : version != Version ? $"is an image cache of format {version}, where {Version} can be read"
            : count < 0 || checksum != Crc32C.Of(bytes[..ChecksumAt]) ? "is damaged (its header has a wrong checksum)"
            : "";
        return wrong.Length > 0 ? null : new(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), count,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]), bytes.Slice(KeyAt, SHA256.HashSizeInBytes).ToArray());
    }
}
