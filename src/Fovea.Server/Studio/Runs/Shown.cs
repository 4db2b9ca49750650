using System.Globalization;
using System.Text;

namespace Fovea.Server.Studio.Runs;

/// <summary>Names and texts of files as pages show them: what would steer a terminal or turn the direction of writing
/// is written out. Markup needs nothing here: pages set text, never markup.</summary>
internal static class Shown
{
    /// <summary>A name on one line.</summary>
    public static string Line(string text) => Escape(text, keepsLines: false);

    /// <summary>A text with its lines.</summary>
    public static string Lines(string text) => Escape(text, keepsLines: true);

    private static string Escape(string text, bool keepsLines)
    {
        if (!text.Any(Steers)) return text;
        StringBuilder safe = new(text.Length + 8);
        foreach (char c in text)
            if (!Steers(c) || (keepsLines && c is '\n' or '\t')) safe.Append(c);
            else if (!keepsLines || c != '\r')
                safe.Append(string.Create(CultureInfo.InvariantCulture,
                $"{(c < '\u0100' ? "\\x" : "\\u")}{(int)c:x2}"));
        return safe.ToString();
    }

    private static bool Steers(char c) => char.IsControl(c) || c is >= '\u202a' and <= '\u202e'
        or >= '\u2066' and <= '\u2069' or '\u2028' or '\u2029' or '\u200e' or '\u200f' or '\u061c';
}
