namespace Fovea.Data.Transforms.Pixels;

/// <summary>Turns colours round the circle by way of Pillow's 8-bit HSV (<c>rgb2hsv_row</c>, <c>hsv2rgb</c> in
/// <c>Convert.c</c>).</summary>
internal static class Hue
{
    /// <summary>Adds a share of the circle, -0.5 to 0.5, to each pixel's hue, in steps of 1/255; a grey image
    /// stays.</summary>
    public static void Shift(RawImage image, double share)
    {
        if (image.Channels == 1) return;
        byte shift = unchecked((byte)(int)(share * 255));
        Span<byte> red = image.Plane(0), green = image.Plane(1), blue = image.Plane(2);
        for (int i = 0; i < red.Length; i++)
        {
            (byte hue, byte saturation, byte value) = ToHsv(red[i], green[i], blue[i]);
            (red[i], green[i], blue[i]) = ToRgb(unchecked((byte)(hue + shift)), saturation, value);
        }
    }

    /// <summary>Hue, saturation and value, each 0 to 255, truncated.</summary>
    public static (byte Hue, byte Saturation, byte Value) ToHsv(byte red, byte green, byte blue)
    {
        byte highest = Math.Max(red, Math.Max(green, blue)), lowest = Math.Min(red, Math.Min(green, blue));
        if (highest == lowest) return (0, 0, highest);
        float range = highest - lowest, saturation = range / highest;
        float fromRed = (highest - red) / range, fromGreen = (highest - green) / range,
            fromBlue = (highest - blue) / range;
        float sector = red == highest ? fromBlue - fromGreen
            : (float)(green == highest ? 2.0 + fromRed - fromBlue : 4.0 + fromGreen - fromRed);
        double turn = sector / 6.0 + 1;
        float hue = (float)(turn >= 1 ? turn - 1 : turn);   // negative sectors come from the other end
        return ((byte)(hue * 255.0), (byte)(saturation * 255.0), highest);
    }

    /// <summary>The way back.</summary>
    public static (byte Red, byte Green, byte Blue) ToRgb(byte hue, byte saturation, byte value)
    {
        if (saturation == 0) return (value, value, value);
        double sixths = hue * 6.0 / 255.0;
        int sector = (int)sixths;
        float within = (float)(sixths - sector), share = (float)(saturation / 255.0);
        byte low = Round(value * (1.0 - share)), falling = Round(value * (1.0 - share * within));
        byte rising = Round(value * (1.0 - share * (1.0 - within)));
        return (sector % 6) switch
        {
            0 => (value, rising, low),
            1 => (falling, value, low),
            2 => (low, value, rising),
            3 => (low, falling, value),
            4 => (rising, low, value),
            _ => (value, low, falling),
        };
    }

    private static byte Round(double level) => (byte)(level + 0.5);   // never negative, so half away from zero
}
