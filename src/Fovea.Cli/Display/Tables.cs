using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>The look of all tables.</summary>
internal static class Tables
{
    /// <summary>An empty table with grey lines and headings.</summary>
    /// <param name="headings">One per column; those that begin with <c>&gt;</c> belong to numbers, which stand
    /// right.</param>
    public static Table Create(params string[] headings)
    {
        Table table = new Table().Border(TableBorder.Simple).BorderColor(Color.Grey);
        foreach (string heading in headings)
        {
            TableColumn column = new(new Text(heading.TrimStart('>'), new Style(Color.Grey)));
            table.AddColumn(heading[0] == '>' ? column.NoWrap().RightAligned() : column);
        }

        return table;
    }

    /// <summary>The first cell of a row.</summary>
    public static Text Name(string text) => new(text, new Style(Color.Teal));
}
