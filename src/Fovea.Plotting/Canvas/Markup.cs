using System.Globalization;
using System.Text;

namespace Fovea.Plotting.Canvas;

/// <summary>Text and numbers made safe for SVG and HTML.</summary>
internal static class Markup
{
    /// <summary>
    /// Escapes text for element content and for attributes in either kind of quotes. What XML 1.0 cannot hold at all
    /// (control characters, halves of surrogate pairs) becomes U+FFFD, the replacement character.
    /// </summary>
    public static string Escape(string text)
    {
        StringBuilder escaped = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())   // halves of surrogate pairs arrive as U+FFFD already
        {
            switch (rune.Value)
            {
                case '&': escaped.Append("&amp;"); break;
                case '<': escaped.Append("&lt;"); break;
                case '>': escaped.Append("&gt;"); break;
                case '"': escaped.Append("&quot;"); break;
                case '\'': escaped.Append("&#39;"); break;
                case < ' ' and not ('\t' or '\n' or '\r'):
                case 0xFFFE or 0xFFFF: escaped.Append('\uFFFD'); break;
                default: escaped.Append(rune.ToString()); break;
            }
        }

        return escaped.ToString();
    }

    /// <summary>A coordinate, to a hundredth of a pixel.</summary>
    public static string Number(double value) => Math.Round(value, 2).ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Bytes of a PNG file as the address of an image.</summary>
    public static string DataUri(byte[] png) => "data:image/png;base64," + Convert.ToBase64String(png);
}
