using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>From components to red, green and blue.</summary>
/// <remarks><code>
/// R = Y + 1.40200 Cr      G = Y - 0.34414 Cb - 0.71414 Cr      B = Y + 1.77200 Cb          (JFIF 1.02, page 3)
/// </code>
/// with factors of 16 bits below the point and halves rounded up, as in libjpeg. Inks become colours as in Pillow.
/// </remarks>
internal static class JpegPixels
{
    private const int RedCr = 91881, GreenCb = -22554, GreenCr = -46802, BlueCb = 116130, Half = 1 << 15, Shift = 16;

    /// <summary>Writes all rows of the image.</summary>
    public static void Write(JpegFrame frame, JpegColor color, RawImage image)
    {
        ComponentRows[] rows = [.. frame.Components.Select(component => new ComponentRows(frame, component))];
        image.SetSize(color == JpegColor.Grey ? 1 : 3, frame.OutputHeight, frame.OutputWidth);
        for (int y = 0; y < image.Height; y++)
        {
            int start = y * image.Width, width = image.Width;
            ReadOnlySpan<byte> first = rows[0].Row(y)[..width];
            if (color == JpegColor.Grey)
            {
                first.CopyTo(image.Pixels[start..]);
                continue;
            }

            ReadOnlySpan<byte> second = rows[1].Row(y)[..width], third = rows[2].Row(y)[..width];
            Span<byte> red = image.Plane(0).Slice(start, width), green = image.Plane(1).Slice(start, width),
                blue = image.Plane(2).Slice(start, width);
            if (color is JpegColor.YCbCr or JpegColor.Ycck)
            {
                FromYCbCr(first, second, third, red, green, blue);
            }
            else
            {
                first.CopyTo(red);
                second.CopyTo(green);
                third.CopyTo(blue);
            }

            if (color is not (JpegColor.Cmyk or JpegColor.Ycck)) continue;
            ReadOnlySpan<byte> key = rows[3].Row(y)[..width];
            bool isInverted = color == JpegColor.Cmyk;
            Mix(red, key, isInverted);
            Mix(green, key, isInverted);
            Mix(blue, key, isInverted);
        }
    }

    /// <summary>The definition is <see cref="Scalar"/>; sixteen pixels at a time as far as they go.</summary>
    private static void FromYCbCr(
        ReadOnlySpan<byte> y, ReadOnlySpan<byte> cb, ReadOnlySpan<byte> cr, Span<byte> red, Span<byte> green,
        Span<byte> blue)
    {
        int x = 0;
        for (; x <= y.Length - Vector128<byte>.Count; x += Vector128<byte>.Count)
        {
            Vector256<short> centre = Vector256.Create((short)128), luma = Load(y, x) - centre;
            (Vector256<int> cb0, Vector256<int> cb1) = Vector256.Widen(Load(cb, x) - centre);
            (Vector256<int> cr0, Vector256<int> cr1) = Vector256.Widen(Load(cr, x) - centre);
            Vector256<int> half = Vector256.Create(Half);
            Store(luma + Narrow((cr0 * RedCr + half) >> Shift, (cr1 * RedCr + half) >> Shift), red, x);
            Store(luma + Narrow(
                (cb0 * GreenCb + cr0 * GreenCr + half) >> Shift, (cb1 * GreenCb + cr1 * GreenCr + half) >> Shift),
                    green, x);
            Store(luma + Narrow((cb0 * BlueCb + half) >> Shift, (cb1 * BlueCb + half) >> Shift), blue, x);
        }

        for (; x < y.Length; x++) (red[x], green[x], blue[x]) = Scalar(y[x], cb[x] - 128, cr[x] - 128);
    }

    internal static (byte Red, byte Green, byte Blue) Scalar(int y, int cb, int cr) =>
        (Clamp(y + (RedCr * cr + Half >> Shift)), Clamp(y + (GreenCb * cb + GreenCr * cr + Half >> Shift)),
            Clamp(y + (BlueCb * cb + Half >> Shift)));

    /// <summary>
    /// Black ink over a colour: <c>key - round(ink · key / 255)</c>, key and ink the other way round in the file (255
    /// is none). Three inks that came as YCbCr have been turned the right way on the way.
    /// </summary>
    private static void Mix(Span<byte> colour, ReadOnlySpan<byte> key, bool isInverted)
    {
        for (int x = 0; x < colour.Length; x++)
        {
            int product = (isInverted ? 255 - colour[x] : colour[x]) * key[x] + 128;
            colour[x] = Clamp(key[x] - ((product >> 8) + product >> 8));
        }
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);

    private static Vector256<short> Load(ReadOnlySpan<byte> samples, int x) =>
        Vector256.WidenLower(Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(samples), (nuint)x)
            .ToVector256Unsafe()).AsInt16();

    private static Vector256<short> Narrow(Vector256<int> lower, Vector256<int> upper) =>
        Vector256.Narrow(lower, upper);

    /// <summary>Saturates pixels that are centred on 0 to signed bytes, and turns their upper bit.</summary>
    private static void Store(Vector256<short> pixels, Span<byte> target, int x)
    {
        Vector128<sbyte> bytes = Vector128.NarrowWithSaturation(pixels.GetLower(), pixels.GetUpper());
        (bytes.AsByte() ^ Vector128.Create((byte)0x80)).StoreUnsafe(ref MemoryMarshal.GetReference(target), (nuint)x);
    }
}
