using System.Globalization;
using System.Text;

namespace Fovea.Cli.Display;

/// <summary>Text from files and names, safe for a terminal: what would steer it is written out.</summary>
internal static class Printable
{
    /// <summary>A text of one line: control characters, line breaks included, as <c>\x1b</c>.</summary>
    public static string Line(string text) => Escape(text, keepsLines: false);

    /// <summary>A text of any number of lines: control characters but line breaks and tabs as <c>\x1b</c>.</summary>
    public static string Lines(string text) => Escape(text, keepsLines: true);

    private static string Escape(string text, bool keepsLines)
    {
        if (!text.Any(Steers)) return text;
        StringBuilder safe = new(text.Length + 8);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool isBreak = c is '\n' or '\t' || (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n');
            if (!Steers(c) || (keepsLines && isBreak)) safe.Append(c);
            else safe.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                < '\u0100' => string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}"),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            });
        }

        return safe.ToString();
    }

    /// <summary>Control characters, and those that turn the direction of writing.</summary>
    private static bool Steers(char c) => char.IsControl(c) || c is >= '\u202a' and <= '\u202e'
        or >= '\u2066' and <= '\u2069' or '\u2028' or '\u2029';
}
