namespace Fovea.Plotting.Images;

/// <summary>
/// Colours for numbers from 0 to 1: from near black over blue, red and orange to pale yellow. Equal steps look equal,
/// and lightness rises all the way, so that the order is the same in print without colour and to readers of any colour
/// vision.
/// </summary>
/// <remarks>A path through OKLab, hue turning while lightness rises, with as much chroma as screens show; then cut into
/// pieces of equal length.</remarks>
internal static class ColorMap
{
    private const int Pieces = 1024;
    private const double Darkest = 0.16;
    private const double Lightest = 0.96;
    private const double FirstHue = 275;
    private const double LastHue = 468;
    private const double MostChroma = 0.17;

    private static readonly OkLab[] Colours = Build();

    /// <summary>The colour of a number; below 0 and above 1 that of the ends.</summary>
    public static OkLab At(double value)
    {
        double place = Math.Clamp(double.IsNaN(value) ? 0 : value, 0, 1) * (Colours.Length - 1);
        return Colours[(int)Math.Round(place)];
    }

    private static OkLab[] Build()
    {
        OkLab[] path = [.. Enumerable.Range(0, Pieces + 1).Select(i => Path(i / (double)Pieces))];
        double[] along = new double[path.Length];
        for (int i = 1; i < path.Length; i++) along[i] = along[i - 1] + path[i - 1].DistanceTo(path[i]);
        OkLab[] even = new OkLab[256];
        for (int i = 0, next = 1; i < even.Length; i++)
        {
            double wanted = along[^1] * i / (even.Length - 1);
            while (next < path.Length - 1 && along[next] < wanted) next++;
            double share = (wanted - along[next - 1]) / (along[next] - along[next - 1]);
            (OkLab a, OkLab b) = (path[next - 1], path[next]);
            even[i] = new(a.L + share * (b.L - a.L), a.A + share * (b.A - a.A), a.B + share * (b.B - a.B));
        }

        return even;
    }

    /// <summary>The path before it is cut: chroma swells and fades, but never beyond what can be shown.</summary>
    private static OkLab Path(double t)
    {
        double lightness = Darkest + t * (Lightest - Darkest), hue = FirstHue + t * (LastHue - FirstHue);
        double low = 0, high = MostChroma * Math.Pow(Math.Sin(Math.PI * (0.12 + 0.76 * t)), 0.7);
        if (OkLab.Polar(lightness, high, hue).IsShown) return OkLab.Polar(lightness, high, hue);
        for (int i = 0; i < 40; i++)
        {
            double middle = (low + high) / 2;
            if (OkLab.Polar(lightness, middle, hue).IsShown) low = middle;
            else high = middle;
        }

        return OkLab.Polar(lightness, low, hue);
    }
}
