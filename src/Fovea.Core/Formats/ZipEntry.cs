namespace Fovea.Core.Formats;

/// <summary>Place of a file in a zip archive, as the archive's directory says.</summary>
/// <param name="Offset">Of its local header.</param>
/// <param name="Packed">Bytes in the archive.</param>
/// <param name="Length">Bytes when unpacked.</param>
/// <param name="Crc">Checksum of the unpacked bytes.</param>
/// <param name="IsDeflated">False where they are stored as they are.</param>
internal readonly record struct ZipEntry(long Offset, long Packed, long Length, uint Crc, bool IsDeflated);
