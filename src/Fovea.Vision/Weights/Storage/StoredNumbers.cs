using System.Globalization;
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
    /// <param name="name">The tensor, for messages.</param>
    /// <exception cref="CheckpointException">The file is shorter or cannot be read, or single precision does not hold a
    /// number.</exception>
    public static void Read(WindowedFile file, long offset, WeightType type, Span<float> values, string name)
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
            RequireHeld(type, part, file.Path, name);
            WeightTypes.ToSingles(type, part, values[..count]);
            offset += part.Length;
            values = values[count..];
        }
    }

    /// <summary>Refuses numbers that would be read as infinite.</summary>
    /// <exception cref="CheckpointException">Single precision does not hold one of them.</exception>
    public static void RequireHeld(WeightType type, ReadOnlySpan<byte> bytes, string path, string name)
    {
        if (WeightTypes.FirstOverflow(type, bytes) is double value)
            throw new CheckpointException(string.Create(CultureInfo.InvariantCulture,
                $"{path}: '{name}' has {value}, which single precision does not hold: models compute in it."));
    }
}
