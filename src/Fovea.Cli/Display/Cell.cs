using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>A cell of a table.</summary>
/// <param name="Content">The text; line breaks stand for themselves.</param>
/// <param name="Style">Its colour.</param>
/// <param name="Rest">More text after it, in grey.</param>
internal sealed record Cell(string Content, Style? Style = null, string Rest = "")
{
    /// <summary>All of the text.</summary>
    public string Text => Content + Rest;

    /// <summary>A cell of one line; what is not printable is written out.</summary>
    public static implicit operator Cell(string text) => new(Printable.Line(text));

    /// <summary>The first cell of a row.</summary>
    public static Cell Name(string text) => new(Printable.Line(text), new Style(Color.Teal));

    /// <summary>The text with its colours.</summary>
    public Paragraph Render() => new Paragraph(Content, Style ?? Style.Plain).Append(Rest, new Style(Color.Grey));
}
