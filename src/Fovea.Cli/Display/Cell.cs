using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>A cell of a table.</summary>
/// <param name="Content">The text, one line.</param>
/// <param name="Style">Its colour.</param>
/// <param name="Rest">More text after it, in grey.</param>
internal sealed record Cell(string Content, Style? Style = null, string Rest = "")
{
    /// <summary>The text; what is not printable is written out.</summary>
    public string Content { get; private init; } = Printable.Line(Content);

    /// <summary>More text after it.</summary>
    public string Rest { get; } = Printable.Line(Rest);

    /// <summary>All of the text.</summary>
    public string Text => Content + Rest;

    /// <summary>A cell of one line.</summary>
    public static implicit operator Cell(string text) => new(text);

    /// <summary>The first cell of a row.</summary>
    public static Cell Name(string text) => new(text, new Style(Color.Teal));

    /// <summary>A cell of several lines.</summary>
    public static Cell Lines(IEnumerable<string> lines) =>
        new("") { Content = string.Join('\n', lines.Select(Printable.Line)) };

    /// <summary>The text with its colours.</summary>
    /// <param name="isProse">True for text that may be wrapped.</param>
    public IRenderable Render(bool isProse) => isProse
        ? new Prose(Text, new Style(Color.Grey))
        {
            Head = Content.Length,
            HeadStyle = Style,
            Hang = Content.Contains('\n') ? 2 : 0,
        }
        : new Paragraph(Content, Style ?? Style.Plain).Append(Rest, new Style(Color.Grey));
}
