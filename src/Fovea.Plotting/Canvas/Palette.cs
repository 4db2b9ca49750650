namespace Fovea.Plotting.Canvas;

/// <summary>The colour of every ink in every theme.</summary>
/// <remarks>
/// Data colours are those of Okabe and Ito ("Color universal design", 2008), told apart by readers of any colour
/// vision, darkened for a light ground and lightened for a dark one until text in them is readable, too: a contrast of
/// at least 4.5 (WCAG 2.1, 1.4.3).
/// </remarks>
internal static class Palette
{
    /// <summary>The colour as 0xRRGGBB.</summary>
    public static int Of(Theme theme, Ink ink)
    {
        (int light, int dark) = Pair(ink);
        return theme == Theme.Light ? light : dark;
    }

    /// <summary>The colour as CSS and SVG write it.</summary>
    public static string Hex(Theme theme, Ink ink) => $"#{Of(theme, ink):x6}";

    /// <summary>The CSS custom property that carries the ink where a page decides about the theme.</summary>
    public static string Variable(Ink ink) => $"--{Enum.GetName(ink)!.ToLowerInvariant()}";

    private static (int Light, int Dark) Pair(Ink ink) => ink switch
    {
        Ink.Ground => (0xFFFFFF, 0x14171C),
        Ink.Text => (0x1B1F24, 0xE9ECF0),
        Ink.Muted => (0x57606A, 0xA4ADB8),
        Ink.Axis => (0x8C959F, 0x6B7682),
        Ink.Grid => (0xE4E7EB, 0x2A3038),
        Ink.Series1 => (0x0069AD, 0x5BB8F0),
        Ink.Series2 => (0xC94F00, 0xFF9350),
        Ink.Series3 => (0x00805F, 0x3FCFA0),
        Ink.Series4 => (0xA8417F, 0xE59AC6),
        Ink.Series5 => (0x9A6B00, 0xF0C040),
        Ink.Series6 => (0x4B4FA6, 0xA6AAF5),
        Ink.Correct => (0x00805F, 0x3FCFA0),
        Ink.Wrong => (0xC62828, 0xFF7B72),
        _ => throw new ArgumentOutOfRangeException(nameof(ink), ink, "An ink without a colour."),
    };
}
