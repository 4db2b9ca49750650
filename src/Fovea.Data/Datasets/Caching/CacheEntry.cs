using System.Runtime.InteropServices;

namespace Fovea.Data.Datasets.Caching;

/// <summary>Place of an image in a cache, and its shape: one record of the index, little-endian.</summary>
/// <param name="Offset">Of its samples in the file; 0 for an image that is not in it.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">1 or 3.</param>
/// <param name="Checksum">CRC-32C of its samples.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct CacheEntry(long Offset, int Height, int Width, int Channels, uint Checksum)
{
    /// <summary>Bytes of a record.</summary>
    public const int Size = 24;

    /// <summary>Bytes of the samples; 0 where shape or place make no sense in a file of <paramref name="fileLength"/>
    /// bytes.</summary>
    /// <param name="dataStart">Behind the index.</param>
    /// <param name="fileLength">Of the file.</param>
    public int CheckedLength(long dataStart, long fileLength)
    {
        if (Offset < dataStart || Offset > fileLength || Height < 1 || Width < 1 || Channels is not (1 or 3)) return 0;
        UInt128 length = (UInt128)(uint)Height * (uint)Width * (uint)Channels;
        return length <= (UInt128)Math.Min(fileLength - Offset, Array.MaxLength) ? (int)length : 0;
    }
}
