using System.Runtime.InteropServices;

namespace Fovea.Vision.Weights.Storage;

/// <summary>Sizes and conversions of <see cref="WeightType"/>; everything is little-endian, as all these formats
/// are.</summary>
public static class WeightTypes
{
    extension(WeightType type)
    {
        /// <summary>Bytes of one number.</summary>
        public int Bytes => type switch
        {
            WeightType.F64 or WeightType.I64 or WeightType.U64 => 8,
            WeightType.F32 or WeightType.I32 or WeightType.U32 => 4,
            WeightType.F16 or WeightType.BF16 or WeightType.I16 or WeightType.U16 => 2,
            _ => 1,
        };

        /// <summary>As safetensors spells it, e.g. <c>BF16</c> or <c>F8_E4M3</c>.</summary>
        public string Text => type switch
        {
            WeightType.F8E4M3 => "F8_E4M3",
            WeightType.F8E5M2 => "F8_E5M2",
            _ => $"{type}"
        };

        /// <summary>False for integers and truth values: counters, not weights.</summary>
        public bool IsFloat => type <= WeightType.F8E5M2;
    }

    /// <summary>Widens or narrows stored numbers to single precision, to the nearest.</summary>
    /// <param name="type">How they are stored.</param>
    /// <param name="bytes"><c>values.Length</c> stored numbers.</param>
    /// <param name="values">Overwritten.</param>
    internal static void ToSingles(WeightType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (type)
        {
            case WeightType.F32: MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values); break;
            case WeightType.F64: Convert(MemoryMarshal.Cast<byte, double>(bytes), values, static x => (float)x); break;
            case WeightType.F16: Convert(MemoryMarshal.Cast<byte, Half>(bytes), values, static x => (float)x); break;
            case WeightType.BF16:
                Convert(MemoryMarshal.Cast<byte, ushort>(bytes), values,
                static x => BitConverter.UInt32BitsToSingle((uint)x << 16)); break;
            case WeightType.F8E4M3: Convert(bytes, values, FromE4M3); break;
            case WeightType.F8E5M2:
                Convert(bytes, values,
                static x => (float)BitConverter.UInt16BitsToHalf((ushort)(x << 8))); break;
            case WeightType.I64: Convert(MemoryMarshal.Cast<byte, long>(bytes), values, static x => x); break;
            case WeightType.I32: Convert(MemoryMarshal.Cast<byte, int>(bytes), values, static x => x); break;
            case WeightType.I16: Convert(MemoryMarshal.Cast<byte, short>(bytes), values, static x => x); break;
            case WeightType.I8: Convert(bytes, values, static x => (sbyte)x); break;
            case WeightType.U64: Convert(MemoryMarshal.Cast<byte, ulong>(bytes), values, static x => x); break;
            case WeightType.U32: Convert(MemoryMarshal.Cast<byte, uint>(bytes), values, static x => x); break;
            case WeightType.U16: Convert(MemoryMarshal.Cast<byte, ushort>(bytes), values, static x => x); break;
            case WeightType.U8: Convert(bytes, values, static x => x); break;
            default: Convert(bytes, values, static x => x == 0 ? 0 : 1); break;
        }
    }

    /// <summary>Rounds single precision to what a file stores: F32, F16, BF16 (to nearest, ties to even) or
    /// I64.</summary>
    /// <param name="type">One of these four.</param>
    /// <param name="values">Numbers.</param>
    /// <param name="bytes">Room for all of them; overwritten.</param>
    internal static void FromSingles(WeightType type, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        switch (type)
        {
            case WeightType.F32: MemoryMarshal.AsBytes(values).CopyTo(bytes); break;
            case WeightType.F16: Convert(values, MemoryMarshal.Cast<byte, Half>(bytes), static x => (Half)x); break;
            case WeightType.BF16: Convert(values, MemoryMarshal.Cast<byte, ushort>(bytes), ToBrain); break;
            case WeightType.I64:
                Convert(values, MemoryMarshal.Cast<byte, long>(bytes),
                static x => (long)MathF.Round(x)); break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type,
                "Only F32, F16, BF16 and I64 are written.");
        }
    }

    /// <summary>The first finite number that its stored form makes infinite; null where there is none.</summary>
    /// <param name="type">How they are stored.</param>
    /// <param name="values">Numbers.</param>
    /// <param name="bytes">What <see cref="FromSingles"/> made of them.</param>
    internal static float? FirstOverflow(WeightType type, ReadOnlySpan<float> values, ReadOnlySpan<byte> bytes)
    {
        if (type is not (WeightType.F16 or WeightType.BF16)) return null;
        // all bits of the exponent are set
        ushort infinite = type == WeightType.F16 ? (ushort)0x7C00 : (ushort)0x7F80;
        ReadOnlySpan<ushort> stored = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (int i = 0; i < values.Length; i++)
            if ((stored[i] & infinite) == infinite && float.IsFinite(values[i])) return values[i];
        return null;
    }

    /// <summary>The first finite number in double precision that single precision does not hold; null where there is
    /// none.</summary>
    /// <param name="type">How they are stored.</param>
    /// <param name="bytes">Stored numbers.</param>
    internal static double? FirstOverflow(WeightType type, ReadOnlySpan<byte> bytes)
    {
        if (type != WeightType.F64) return null;
        foreach (double value in MemoryMarshal.Cast<byte, double>(bytes))
            if (double.IsFinite(value) && !float.IsFinite((float)value)) return value;
        return null;
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to, Func<TFrom, TTo> convert)
    {
        for (int i = 0; i < to.Length; i++) to[i] = convert(from[i]);
    }

    /// <summary>Ties to even; a NaN keeps its upper bits and stays one.</summary>
    private static ushort ToBrain(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }

    private static float FromE4M3(byte x)
    {
        int exponent = x >> 3 & 15, fraction = x & 7;
        float size = (x & 0x7F) == 0x7F ? float.NaN
            : exponent == 0 ? fraction / 512f
            : MathF.ScaleB(1 + fraction / 8f, exponent - 7);
        return x >= 0x80 ? -size : size;
    }
}
