namespace Fovea.Data.Codecs;

/// <summary>The checksum of PNG and gzip: CRC-32 with the reflected polynomial 0xEDB88320.</summary>
/// <remarks>Source: PNG specification (third edition), annex D. <c>Of("123456789") = 0xCBF43926</c>.</remarks>
public static class Crc32
{
    private static readonly uint[] Table = BuildTable();

    /// <summary>The checksum of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in bytes) crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] BuildTable()
    {
        uint[] table = new uint[256];
        for (uint value = 0; value < 256; value++)
        {
            uint crc = value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            table[value] = crc;
        }

        return table;
    }
}
