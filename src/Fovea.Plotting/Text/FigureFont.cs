using System.Collections.Concurrent;
using System.Text;
using SkiaSharp;

namespace Fovea.Plotting.Text;

/// <summary>
/// The typeface of all figures: Inter, embedded in two weights. Characters that it lacks come from the system's fonts,
/// and are drawn as empty boxes where those lack them, too.
/// </summary>
internal static class FigureFont
{
    /// <summary>The family as CSS and SVG write it, with what stands in for it where it is not installed.</summary>
    public const string Families = "Inter, system-ui, sans-serif";

    /// <summary>
    /// A factor on widths. SVG readers without Inter take their system's font; of the common ones DejaVu Sans is the
    /// widest, by 8 %.
    /// </summary>
    private const double Allowance = 1.08;

    private static readonly SKTypeface Regular = Load("Inter-Regular.ttf");
    private static readonly SKTypeface SemiBold = Load("Inter-SemiBold.ttf");
    private static readonly ConcurrentDictionary<(int Character, SKTypeface Own), SKTypeface> Substitutes = new();

    /// <summary>The room that a text needs on either canvas, in pixels.</summary>
    /// <param name="text">One line.</param>
    /// <param name="size">The em in pixels.</param>
    /// <param name="bold">The heavier weight.</param>
    public static double Width(string text, double size, bool bold = false) => Allowance * Advance(text, size, bold);

    /// <summary>The text, shortened to end in an ellipsis where it is wider than <paramref name="room"/>
    /// pixels.</summary>
    public static string Fit(string text, double size, double room, bool bold = false)
    {
        if (Width(text, size, bold) <= room) return text;
        int length = text.Length;
        while (length > 0 && Width(text[..length] + '…', size, bold) > room) length--;
        if (length > 0 && char.IsHighSurrogate(text[length - 1])) length--;
        return text[..length].TrimEnd() + '…';
    }

    /// <summary>The distance from the start of a text to its end as <see cref="Draw"/> draws it, in pixels.</summary>
    public static double Advance(string text, double size, bool bold)
    {
        double sum = 0;
        foreach ((string run, SKTypeface typeface) in Runs(text, bold)) sum += Advance(run, typeface);
        return sum * size;
    }

    /// <summary>Draws one line of text, its baseline starting at <paramref name="x"/>, <paramref name="y"/>.</summary>
    public static void Draw(SKCanvas canvas, string text, double x, double y, double size, bool bold, SKPaint paint)
    {
        foreach ((string run, SKTypeface typeface) in Runs(text, bold))
        {
            using SKFont font = Font(typeface, size);
            canvas.DrawText(run, (float)x, (float)y, SKTextAlign.Left, font, paint);
            x += Advance(run, typeface) * size;
        }
    }

    /// <summary>An advance in ems, measured at a size where each unit of the typeface is a pixel: Skia rounds small
    /// ones.</summary>
    private static double Advance(string run, SKTypeface typeface)
    {
        using SKFont font = Font(typeface, typeface.UnitsPerEm);
        return font.MeasureText(run) / typeface.UnitsPerEm;
    }

    /// <summary>Cuts a text into runs of one typeface each.</summary>
    private static IEnumerable<(string Run, SKTypeface Typeface)> Runs(string text, bool bold)
    {
        SKTypeface own = bold ? SemiBold : Regular, current = own;
        StringBuilder run = new();
        foreach (Rune rune in text.EnumerateRunes())
        {
            SKTypeface next = own.ContainsGlyph(rune.Value) ? own
                : Substitutes.GetOrAdd((rune.Value, own), FindSubstitute);
            if (next != current && run.Length > 0)
            {
                yield return (run.ToString(), current);
                run.Clear();
            }

            current = next;
            run.Append(rune.ToString());
        }

        if (run.Length > 0) yield return (run.ToString(), current);
    }

    /// <summary>
    /// The system's typeface for a character, or <c>own</c> where there is none. A Skia without fontconfig matches no
    /// characters, but lists the families.
    /// </summary>
    private static SKTypeface FindSubstitute((int Character, SKTypeface Own) key)
    {
        SKFontManager system = SKFontManager.Default;
        return system.MatchCharacter(null, key.Own.FontStyle, null, key.Character)
            ?? system.FontFamilies.Select(family => system.MatchFamily(family, key.Own.FontStyle))
                .FirstOrDefault(typeface => typeface.ContainsGlyph(key.Character))
            ?? key.Own;
    }

    /// <summary>A font without hints: its widths grow with the size, as in SVG.</summary>
    private static SKFont Font(SKTypeface typeface, double size) => new(typeface, (float)size)
    {
        Edging = SKFontEdging.Antialias,
        Hinting = SKFontHinting.None,
        LinearMetrics = true,
        Subpixel = true,
    };

    private static SKTypeface Load(string file) =>
        SKTypeface.FromStream(typeof(FigureFont).Assembly.GetManifestResourceStream(file));
}
