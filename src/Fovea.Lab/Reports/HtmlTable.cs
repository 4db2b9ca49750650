using System.Text;
using System.Text.RegularExpressions;
using Fovea.Plotting.Canvas;

namespace Fovea.Lab.Reports;

/// <summary>Tables of escaped text.</summary>
internal static partial class HtmlTable
{
    private const int LongName = 14;

    /// <summary>A name and its value a row.</summary>
    public static string Facts(IEnumerable<(string Name, string Value)> facts)
    {
        StringBuilder table = new("<table class=\"facts\"><tbody>\n");
        foreach ((string name, string value) in facts)
            table.Append($"<tr><th scope=\"row\">{Markup.Escape(name)}</th><td>{Markup.Escape(value)}</td></tr>\n");
        return table.Append("</tbody></table>\n").ToString();
    }

    /// <summary>Opens a table that scrolls in its own frame.</summary>
    public static StringBuilder Open(params ReadOnlySpan<HtmlColumn> columns)
    {
        StringBuilder table = new("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>");
        foreach (HtmlColumn column in columns)
        {
            string kind = (column.IsNumber, column.IsExtra) switch
            {
                (true, true) => " class=\"number extra\"",
                (true, false) => " class=\"number\"",
                (false, true) => " class=\"extra\"",
                _ => "",
            };
            table.Append($"<th scope=\"col\"{kind}>{Markup.Escape(column.Name)}</th>");
        }

        return table.Append("</tr></thead>\n<tbody>\n");
    }

    /// <summary>Closes what <see cref="Open"/> began.</summary>
    public static string Close(this StringBuilder table) => table.Append("</tbody></table></div>\n").ToString();

    /// <summary>A cell with a number; a narrow page leaves an extra one out.</summary>
    public static string Number(string text, bool isExtra = false) =>
        $"<td class=\"number{(isExtra ? " extra" : "")}\">{Markup.Escape(text)}</td>";

    /// <summary>A cell with text.</summary>
    public static string Text(string text) => $"<td>{Breakable(text)}</td>";

    /// <summary>Escaped text that may be broken behind the signs of a long name, e.g.
    /// <c>performer:features=64</c>.</summary>
    public static string Breakable(string text) =>
        text.Length < LongName ? Markup.Escape(text) : Sign().Replace(Markup.Escape(text), "$0<wbr/>");

    [GeneratedRegex("[:=,/_](?=[A-Za-z0-9])")]
    private static partial Regex Sign();
}
