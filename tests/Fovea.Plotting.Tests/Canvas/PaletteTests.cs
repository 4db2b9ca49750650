using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Tests.Canvas;

public sealed class PaletteTests
{
    public static TheoryData<Theme, string> Inks()
    {
        TheoryData<Theme, string> inks = [];
        foreach (Theme theme in Enum.GetValues<Theme>())
            foreach (Ink ink in Enum.GetValues<Ink>().Except([Ink.Ground, Ink.Grid, Ink.Axis])) inks.Add(theme,
                ink.ToString());
        return inks;
    }

    [Theory]
    [MemberData(nameof(Inks))]
    public void Text_in_any_ink_is_readable_on_the_ground(Theme theme, string ink)
    {
        double text = Luminance(Palette.Of(theme, Enum.Parse<Ink>(ink)));
        double ground = Luminance(Palette.Of(theme, Ink.Ground));
        Assert.InRange((Math.Max(text, ground) + 0.05) / (Math.Min(text, ground) + 0.05), 4.5, 21);
    }

    /// <summary>Relative luminance as WCAG 2.1 defines it.</summary>
    private static double Luminance(int color) =>
        0.2126 * Linear(color >> 16) + 0.7152 * Linear((color >> 8) & 255) + 0.0722 * Linear(color & 255);

    private static double Linear(int channel) =>
        channel / 255.0 is <= 0.04045 and double low ? low / 12.92 : Math.Pow((channel / 255.0 + 0.055) / 1.055, 2.4);
}
