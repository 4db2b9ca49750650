using Fovea.Cli.Display;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Tests.Display;

public sealed class WordWrapTests
{
    [Theory]
    [InlineData("one two three", 7, 0, "one two|three")]
    [InlineData("one two three", 8, 3, "one two|three")]
    [InlineData("one two three four", 9, 4, "one two|three|four")]
    [InlineData("peak memory 138 MiB", 16, 0, "peak|memory 138 MiB")]
    [InlineData("an accuracy of (97.5 %), at last", 20, 0, "an accuracy|of (97.5 %), at last")]
    [InlineData("seed 0, seed 1", 11, 0, "seed 0,|seed 1")]
    [InlineData("runs/a-long-name/report.html", 20, 0, "runs/a-long-name/|report.html")]
    [InlineData("see runs/a-long-name/report.html", 20, 0, "see|runs/a-long-name/|report.html")]
    [InlineData(@"C:\runs\a\report.html", 12, 0, @"C:\runs\a\|report.html")]
    [InlineData("abcdefghij", 4, 0, "abcd|efgh|ij")]
    [InlineData("first\nsecond line", 8, 2, "first|second|line")]
    [InlineData("", 5, 0, "")]
    [InlineData("circle\u00A010.8 %   star\u00A09.1 %", 17, 0, "circle\u00A010.8 %|star\u00A09.1 %")]
    public void Lines_are_broken_where_nobody_stumbles(string text, int width, int hang, string expected) =>
        Assert.Equal(expected, string.Join('|', Wrap(text, width, hang)));

    [Fact]
    public void No_line_is_too_wide_and_nothing_is_lost()
    {
        const string Text = "seed 0 of runs/a/b-c_d.e (12.5 %), in 1,024 images/s and /a/b/c\nkarte 日本語 of it";
        for (int width = 5; width < 90; width++)
            for (int hang = 0; hang < 4; hang++)
            {
                string[] lines = [.. Wrap(Text, width, hang)];
                Assert.Equal(Squeezed(Text), Squeezed(string.Concat(lines)));
                Assert.All(lines, (line, i) => Assert.True(
                    new Segment(line).CellCount() <= width - (IsFirst(Text, lines, i) ? 0 : hang), line));
            }
    }

    [Fact]
    public void The_widest_part_is_what_is_never_broken()
    {
        Assert.Equal("memory 138 MiB".Length, WordWrap.Widest("the memory 138 MiB"));
        Assert.Equal("a-long-name/".Length, WordWrap.Widest("runs/a-long-name/x"));
        Assert.Equal(0, WordWrap.Widest(""));
    }

    [Fact]
    public void Errors_are_wrapped_for_somebody_who_watches_and_only_then()
    {
        const string Message = "fovea: there is no preset 'vitt'; did you mean 'vit'?";
        using StringWriter screen = new() { NewLine = "\n" }, file = new() { NewLine = "\n" };
        new WrappingWriter(screen, () => 30).WriteLine(Message);
        new WrappingWriter(file, () => null).WriteLine(Message);
        Assert.Equal("fovea: there is no preset\n  'vitt'; did you mean 'vit'?\n", screen.ToString());
        Assert.Equal(Message + "\n", file.ToString());
    }

    /// <summary>Whether a line is the first of one that the text has itself.</summary>
    private static bool IsFirst(string text, string[] lines, int index) => index == 0
        || lines[index].StartsWith(text.Split('\n')[1][..4], StringComparison.Ordinal);

    private static IEnumerable<string> Wrap(string text, int width, int hang) =>
        WordWrap.Lines(text, width, hang).Select(line => text.Substring(line.Start, line.Length));

    private static string Squeezed(string text) => text.Replace(" ", "").Replace("\n", "");
}
