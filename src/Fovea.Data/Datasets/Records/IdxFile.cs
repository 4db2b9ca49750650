using System.Buffers.Binary;
using Fovea.Core.Formats;

namespace Fovea.Data.Datasets.Records;

/// <summary>
/// The IDX format of MNIST: magic number 0x08 (bytes) and the number of dimensions, the dimensions as big-endian 32-bit
/// numbers, then the bytes in row-major order.
/// </summary>
/// <remarks>Source: LeCun, Cortes, Burges, "The MNIST database", section "file formats".</remarks>
internal static class IdxFile
{
    private const int MaxSide = 4096, MaxCount = 100_000_000;

    /// <summary>Reads a file of <paramref name="dimensions"/> dimensions (1: labels, 3: images), gzipped or
    /// not.</summary>
    public static (int[] Shape, byte[] Bytes) Read(string path, int dimensions)
    {
        using BoundedReader reader = BoundedReader.Open(path);
        byte[] header = reader.Read(4 + 4 * dimensions, "the header");
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(header), expected = 0x0800u + (uint)dimensions;
        if (magic != expected)
        {
            string kind = dimensions == 1 ? "labels" : "images";
            throw new DataException(
                $"{path}: starts with 0x{magic:X8}, not 0x{expected:X8}; it is not an IDX file of {kind}.");
        }

        int[] shape = new int[dimensions];
        long length = 1;
        for (int i = 0; i < dimensions; i++)
        {
            uint size = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + 4 * i));
            if (size == 0 || size > (i == 0 ? MaxCount : MaxSide))
                throw new DataException(
                    $"{path}: dimension {i} at offset {4 + 4 * i} is {size}; the header is damaged.");
            shape[i] = (int)size;
            length *= size;   // at most 10⁸ · 2²⁴: no overflow
        }

        byte[] bytes = reader.Read(length, $"the {shape[0]} records");
        reader.RequireEnd();
        return (shape, bytes);
    }
}
