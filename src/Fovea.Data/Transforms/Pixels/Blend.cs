using System.Numerics;

namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// <c>y = a + factor · (b - a)</c> in single precision, clipped and truncated to a byte: Pillow's <c>Image.blend</c>.
/// Factors above 1 lead away from a.
/// </summary>
internal static class Blend
{
    /// <summary>The definition.</summary>
    public static byte Of(byte a, byte b, float factor) => (byte)Math.Clamp(a + factor * (b - a), 0f, 255f);

    /// <summary>Replaces <paramref name="b"/>. Both paths multiply and add with a rounding each, so they agree bit for
    /// bit.</summary>
    public static void Into(Span<byte> b, ReadOnlySpan<byte> a, float factor)
    {
        a = a[..b.Length];
        int i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            for (; i <= b.Length - Vector<byte>.Count; i += Vector<byte>.Count)
                Wide(new Vector<byte>(a[i..]), new Vector<byte>(b[i..]), factor).CopyTo(b[i..]);
        }

        for (; i < b.Length; i++) b[i] = Of(a[i], b[i], factor);
    }

    private static Vector<byte> Wide(Vector<byte> a, Vector<byte> b, float factor)
    {
        Vector.Widen(a, out Vector<ushort> lowA, out Vector<ushort> highA);
        Vector.Widen(b, out Vector<ushort> lowB, out Vector<ushort> highB);
        return Vector.Narrow(Half(lowA, lowB, factor), Half(highA, highB, factor));
    }

    private static Vector<ushort> Half(Vector<ushort> a, Vector<ushort> b, float factor)
    {
        Vector.Widen(a, out Vector<uint> lowA, out Vector<uint> highA);
        Vector.Widen(b, out Vector<uint> lowB, out Vector<uint> highB);
        return Vector.Narrow(Quarter(lowA, lowB, factor), Quarter(highA, highB, factor));
    }

    private static Vector<uint> Quarter(Vector<uint> a, Vector<uint> b, float factor)
    {
        Vector<float> from = Vector.ConvertToSingle(Vector.AsVectorInt32(a)),
            to = Vector.ConvertToSingle(Vector.AsVectorInt32(b));
        Vector<float> value = from + factor * (to - from);
        value = Vector.Min(Vector.Max(value, Vector<float>.Zero), new Vector<float>(255));
        return Vector.AsVectorUInt32(Vector.ConvertToInt32(value));
    }
}
