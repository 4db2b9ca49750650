using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Tests.Canvas;

public sealed class StrokeFontTests
{
    private static readonly string Printable = string.Concat(Enumerable.Range(33, 94).Select(code => (char)code));

    [Fact]
    public void Every_printable_ascii_character_has_a_glyph_of_its_own()
    {
        static string Shape(char letter) => string.Join(';', StrokeFont.Strokes(letter.ToString(), new(0, 0), new(20)));
        Assert.Equal(Printable.Length + 1, (Printable + "□").Select(Shape).Distinct().Count());
    }

    [Fact]
    public void Letters_stay_between_descender_and_ascender_and_within_their_advance()
    {
        foreach (char letter in Printable)
        {
            foreach ((Point from, Point to) in StrokeFont.Strokes(letter.ToString(), new(0, 0), new(20)))
            {
                Assert.InRange(to.X, -0.5, StrokeFont.Width(letter.ToString(), 20) + 0.5);
                Assert.InRange(from.Y, -0.85 * 20, 0.25 * 20);
            }
        }
    }

    [Fact]
    public void Digits_are_equally_wide() => Assert.Single("0123456789".Select(digit => StrokeFont.Width(digit.ToString(), 12)).Distinct());

    [Fact]
    public void Accents_are_dropped_and_unknown_letters_framed()
    {
        Assert.Equal(StrokeFont.Strokes("e", new(0, 0), new(20)), StrokeFont.Strokes("é", new(0, 0), new(20)));
        Assert.Equal(StrokeFont.Strokes("□", new(0, 0), new(20)), StrokeFont.Strokes("漢", new(0, 0), new(20)));
    }

    [Theory]
    [InlineData("short", 500, "short")]
    [InlineData("a rather long caption", 60, "a rather…")]
    [InlineData("anything", 0, "…")]
    [InlineData("", 10, "")]
    public void A_text_that_is_too_long_ends_in_an_ellipsis(string text, double room, string expected) =>
        Assert.Equal(expected, StrokeFont.Fit(text, 12, room));
}
