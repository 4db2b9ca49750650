using Fovea.Cli.Display;

namespace Fovea.Cli.Tests.Display;

public sealed class TerminalTests
{
    [Fact]
    public void A_line_stays_one_and_a_document_keeps_its_own()
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        Terminal terminal = new(output, error, IsInteractive: false);
        terminal.Error.WriteLine("fovea: a\nb\r\x1b[2J\u0085\u202e\u2028");
        terminal.Output.WriteLine("c\r\nd");
        terminal.Output.Write("e\nf\x1b\n");
        terminal.Output.Document(new { Name = "g\nh" });
        Assert.Equal("fovea: a\\nb\\r\\x1b[2J\\x85\\u202e\\u2028\n", error.ToString());
        Assert.Equal("c\\r\\nd\ne\nf\\x1b\n{\n  \"name\": \"g\\nh\"\n}", output.ToString().TrimEnd());
    }

    [Fact]
    public void A_line_that_is_written_over_another_steers_nothing_else()
    {
        using StringWriter output = new();
        new Terminal(output, TextWriter.Null, IsInteractive: false).Overwrite("a\nb\r\x1b[2J");
        Assert.Equal("\ra\\nb\\r\\x1b[2J", output.ToString());
    }

    [Fact]
    public void Items_of_an_error_stand_on_lines_of_their_own_and_are_not_without_end()
    {
        Assert.Equal(["a", "  b"], Abridged.Of(["a", "  b"]));
        string[] many = [.. Abridged.Of([.. Enumerable.Range(0, 1_060).Select(i => $"{i}")])];
        Assert.Equal(51, many.Length);
        Assert.Equal("  and 1,010 more", many[^1]);
    }
}
