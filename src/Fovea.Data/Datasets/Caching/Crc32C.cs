using System.Buffers.Binary;
using System.Numerics;

namespace Fovea.Data.Datasets.Caching;

/// <summary>CRC-32C (Castagnoli), which processors compute themselves: checking an image costs a small part of copying
/// it.</summary>
/// <remarks>Source: RFC 3720, appendix B.4. <c>Of("123456789") = 0xE3069283</c>.</remarks>
internal static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}
