using System.Globalization;
using System.Text.RegularExpressions;

namespace Fovea.Cli.Display;

/// <summary>Messages of a length that a person reads: values are echoed, but not by the thousand characters.</summary>
internal static partial class Abridged
{
    private const int LongestWord = 300, LongestMessage = 8000, MostLines = 50;

    /// <summary>The message with long words, and if need be itself, cut in the middle.</summary>
    public static string Of(string message)
    {
        string text = LongWord().Replace(message, word => Cut(word.Value, LongestWord));
        return text.Length <= LongestMessage ? text : Cut(text, LongestMessage);
    }

    /// <summary>The lines of a message, each cut, the first of many.</summary>
    public static IEnumerable<string> Of(IReadOnlyCollection<string> lines) => lines.Count <= MostLines
        ? lines.Select(Of)
        : lines.Take(MostLines).Select(Of).Append(
            $"  and {(lines.Count - MostLines).ToString("#,0", CultureInfo.InvariantCulture)} more");

    private static string Cut(string text, int length)
    {
        int start = length * 2 / 3, end = length / 6;
        string left = (text.Length - start - end).ToString("#,0", CultureInfo.InvariantCulture);
        return $"{text[..start]}... ({left} characters) ...{text[^end..]}";
    }

    [GeneratedRegex(@"\S{301,}")]
    private static partial Regex LongWord();
}
