namespace Fovea.Plotting.Images;

/// <summary>A colour by lightness (0 black, 1 white) and two opponent axes, in which equal distances look
/// equal.</summary>
/// <remarks>Source: Ottosson 2020, "A perceptual color space for image processing",
/// bottosson.github.io/posts/oklab.</remarks>
internal readonly record struct OkLab(double L, double A, double B)
{
    /// <summary>Converts from bytes of sRGB.</summary>
    public static OkLab Of(byte red, byte green, byte blue)
    {
        (double r, double g, double b) = (Linear(red / 255.0), Linear(green / 255.0), Linear(blue / 255.0));
        double l = Math.Cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
        double m = Math.Cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
        double s = Math.Cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
        return new(
            0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s);
    }

    /// <summary>Converts from lightness, chroma and hue in degrees.</summary>
    public static OkLab Polar(double lightness, double chroma, double hue)
    {
        (double sine, double cosine) = Math.SinCos(hue * Math.PI / 180);
        return new(lightness, chroma * cosine, chroma * sine);
    }

    /// <summary>The distance to another colour: how different the two look.</summary>
    public double DistanceTo(OkLab other) =>
        Math.Sqrt((L - other.L) * (L - other.L) + (A - other.A) * (A - other.A) + (B - other.B) * (B - other.B));

    /// <summary>True if the colour is in the gamut of sRGB.</summary>
    public bool IsShown => ToLinear() is var (r, g, b) && Math.Min(r, Math.Min(g, b)) >= -1e-9
        && Math.Max(r, Math.Max(g, b)) <= 1 + 1e-9;

    /// <summary>Converts to bytes of sRGB; colours outside its gamut are clamped.</summary>
    public (byte Red, byte Green, byte Blue) ToBytes()
    {
        (double r, double g, double b) = ToLinear();
        return (Encoded(r), Encoded(g), Encoded(b));
    }

    private (double R, double G, double B) ToLinear()
    {
        double l = Cube(L + 0.3963377774 * A + 0.2158037573 * B);
        double m = Cube(L - 0.1055613458 * A - 0.0638541728 * B);
        double s = Cube(L - 0.0894841775 * A - 1.2914855480 * B);
        return (
            4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
            -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
            -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    }

    private static double Cube(double x) => x * x * x;

    private static double Linear(double x) => x <= 0.04045 ? x / 12.92 : Math.Pow((x + 0.055) / 1.055, 2.4);

    private static byte Encoded(double x)
    {
        double y = x <= 0.0031308 ? 12.92 * x : 1.055 * Math.Pow(x, 1 / 2.4) - 0.055;
        return (byte)Math.Round(255 * Math.Clamp(y, 0, 1));
    }
}
