using System.Runtime.InteropServices;

namespace Fovea.Vision.Weights.Storage;

/// <summary>Reads runs of numbers that lie one behind the other in a file.</summary>
internal static class StoredNumbers
{
    private const int Piece = 1 << 14;

    /// <param name="file">Where they lie.</param>
    /// <param name="offset">Byte of the first.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="values">Overwritten.</param>
    public static void Read(WindowedFile file, long offset, WeightType type, Span<float> values)
    {
        if (type == WeightType.F32)
        {
            file.Read(offset, MemoryMarshal.AsBytes(values));
            return;
        }

        Span<byte> bytes = stackalloc byte[Piece];
        int perPiece = Piece / type.Bytes;
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, perPiece);
            Span<byte> part = bytes[..(count * type.Bytes)];
            file.Read(offset, part);
            WeightTypes.ToSingles(type, part, values[..count]);
            offset += part.Length;
            values = values[count..];
        }
    }
}
