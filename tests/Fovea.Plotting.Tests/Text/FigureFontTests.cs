using Fovea.Plotting.Text;
using SkiaSharp;

namespace Fovea.Plotting.Tests.Text;

public sealed class FigureFontTests
{
    private const int Baseline = 40;

    private static readonly string Printable = string.Concat(Enumerable.Range(33, 94).Select(code => (char)code));

    [Fact]
    public void Every_printable_ascii_character_has_a_glyph_of_its_own() =>
        Assert.Equal(Printable.Length + 1,
            (Printable + "□").Select(letter => Convert.ToBase64String(Draw(letter.ToString()))).Distinct().Count());

    [Fact]
    public void Letters_stay_between_descender_and_ascender_and_within_their_advance()
    {
        foreach (char letter in Printable)
        {
            double width = FigureFont.Width(letter.ToString(), 20);
            foreach ((int x, int y) in Inked(Draw(letter.ToString())))
            {
                Assert.InRange(x, 9, 10 + width + 1);
                Assert.InRange(y, Baseline - 20, Baseline + 0.3 * 20);
            }
        }
    }

    [Fact]
    public void Digits_are_equally_wide() =>
        Assert.Single("0123456789".Select(digit => FigureFont.Width(digit.ToString(), 12)).Distinct());

    [Fact]
    public void Widths_grow_with_the_size() =>
        Assert.Equal(10 * FigureFont.Width("Test accuracy", 1.7), FigureFont.Width("Test accuracy", 17),
            tolerance: 0.01);

    [Theory]
    [InlineData("é", "e")]
    [InlineData("Ł", "L")]
    [InlineData("ß", "s")]
    [InlineData("β", "b")]
    [InlineData("→", "-")]
    [InlineData("×", "x")]
    public void Letters_with_accents_and_signs_have_glyphs(string letter, string similar)
    {
        Assert.NotEqual(Draw(similar), Draw(letter));
        Assert.NotEqual(Draw("□"), Draw(letter));
    }

    /// <summary>The last is a character that no font has.</summary>
    [Theory]
    [InlineData("漢字")]
    [InlineData("a😀b")]
    [InlineData("\0\u0001")]
    [InlineData("\uD800")]
    [InlineData("\U0010FFFD")]
    public void Any_text_can_be_drawn_and_leaves_ink(string text)
    {
        Assert.True(FigureFont.Width(text, 20) > 0);
        Assert.NotEmpty(Inked(Draw(text)));
    }

    [Fact]
    public void A_character_that_no_font_has_is_a_box() => Assert.Equal(Draw("□"), Draw("\U0010FFFD"));

    [Theory]
    [InlineData("short", 500, "short")]
    [InlineData("a rather long caption", 60, "a rather…")]
    [InlineData("anything", 0, "…")]
    [InlineData("", 10, "")]
    public void A_text_that_is_too_long_ends_in_an_ellipsis(string text, double room, string expected) =>
        Assert.Equal(expected, FigureFont.Fit(text, 12, room));

    /// <summary>Grey levels, <c>[64, 64]</c>, of a text of 20 pixels that starts at (10, 40).</summary>
    private static byte[] Draw(string text)
    {
        using SKBitmap bitmap = new(64, 64, SKColorType.Gray8, SKAlphaType.Opaque);
        using SKCanvas canvas = new(bitmap);
        using SKPaint paint = new() { IsAntialias = true, Color = SKColors.White };
        canvas.Clear(SKColors.Black);
        FigureFont.Draw(canvas, text, 10, Baseline, 20, bold: false, paint);
        return bitmap.Bytes;
    }

    private static IEnumerable<(int X, int Y)> Inked(byte[] pixels) =>
        from i in Enumerable.Range(0, pixels.Length) where pixels[i] > 40 select (i % 64, i / 64);
}
