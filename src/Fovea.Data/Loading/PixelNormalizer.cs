using System.Numerics;

namespace Fovea.Data.Loading;

/// <summary>
/// Bytes to what a model takes: <c>y = (x / 255 - mean) / deviation</c>, computed as <c>x · scale + shift</c> with
/// <c>scale = 1 / (255 · deviation)</c> and <c>shift = -mean / deviation</c>. Relative error below 3 · 2⁻²⁴ of the
/// larger term.
/// </summary>
internal static class PixelNormalizer
{
    /// <summary>Converts one plane. Both paths multiply and add with a rounding each, so they agree bit for
    /// bit.</summary>
    public static void Convert(ReadOnlySpan<byte> plane, Span<float> target, float mean, float deviation)
    {
        float scale = (float)(1 / (255.0 * deviation)), shift = (float)(-(double)mean / deviation);
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            for (; i <= plane.Length - Vector<byte>.Count; i += Vector<byte>.Count)
                Widen(new Vector<byte>(plane[i..]), target[i..], scale, new Vector<float>(shift));
        }

        Scalar(plane[i..], target[i..], scale, shift);
    }

    /// <summary>The definition.</summary>
    internal static void Scalar(ReadOnlySpan<byte> plane, Span<float> target, float scale, float shift)
    {
        for (int i = 0; i < plane.Length; i++) target[i] = plane[i] * scale + shift;
    }

    /// <summary>One vector of bytes becomes four of floats.</summary>
    private static void Widen(Vector<byte> bytes, Span<float> target, float scale, Vector<float> shift)
    {
        Vector.Widen(bytes, out Vector<ushort> low, out Vector<ushort> high);
        Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
        Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
        int lanes = Vector<float>.Count;
        (Float(first) * scale + shift).CopyTo(target);
        (Float(second) * scale + shift).CopyTo(target[lanes..]);
        (Float(third) * scale + shift).CopyTo(target[(2 * lanes)..]);
        (Float(fourth) * scale + shift).CopyTo(target[(3 * lanes)..]);
    }

    private static Vector<float> Float(Vector<uint> values) => Vector.ConvertToSingle(Vector.AsVectorInt32(values));
}
