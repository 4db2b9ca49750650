using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>Lines of a text for a width: a number stays with its unit, and a path is broken behind a separator. What
/// has no such place and is wider than the line is cut.</summary>
internal static class WordWrap
{
    /// <summary>Space that is no place to break, and is shown as any other.</summary>
    public const char Firm = '\u00A0';

    private static readonly HashSet<string> Units = new(StringComparer.Ordinal)
    {
        "%", "B", "KiB", "MiB", "GiB", "TiB", "MB", "GB", "ms", "s", "min", "h", "days", "px", "$", "GFLOP/s",
        "images/s", "points",
    };

    /// <summary>Lines of a text, line breaks in it included.</summary>
    /// <param name="text">The text.</param>
    /// <param name="width">Columns of a line; 1 or more.</param>
    /// <param name="hang">Columns less for all lines but the first of each that the text has itself.</param>
    /// <returns>Start and length of each line in the text.</returns>
    public static IEnumerable<(int Start, int Length)> Lines(string text, int width, int hang = 0)
    {
        for (int start = 0; start <= text.Length;)
        {
            int end = text.IndexOf('\n', start);
            if (end < 0) end = text.Length;
            foreach ((int Start, int Length) line in Paragraph(text, start, end, width, hang)) yield return line;
            start = end + 1;
        }
    }

    /// <summary>Columns of the widest part that cannot be broken.</summary>
    public static int Widest(string text) => text.Split('\n')
        .SelectMany(line => Words(line, 0, line.Length).SelectMany(word => Pieces(line, word)).Select(piece =>
            Columns(line, piece.Start, piece.Length)))
        .Append(0).Max();

    private static IEnumerable<(int Start, int Length)> Paragraph(string text, int start, int end, int width, int hang)
    {
        int first = start, last = start, room = width;   // the line so far: from first to last
        foreach ((int Start, int Length) word in Words(text, start, end))
        {
            if (Columns(text, first, word.Start + word.Length - first) <= room)
            {
                last = word.Start + word.Length;
                continue;
            }

            if (last > first)
            {
                yield return (first, last - first);
                room = Math.Max(1, width - hang);
            }

            (first, last) = (word.Start, word.Start);
            foreach ((int Start, int Length) piece in Pieces(text, word))
            {
                int close = piece.Start + piece.Length;
                if (last > first && Columns(text, first, close - first) > room)
                {
                    yield return (first, last - first);
                    (first, room) = (piece.Start, Math.Max(1, width - hang));
                }

                for (int i = first + 1; i <= close; i++)
                {
                    if (i <= last || Columns(text, first, i - first) <= room || i == first + 1) continue;
                    yield return (first, i - 1 - first);
                    (first, room) = (i - 1, Math.Max(1, width - hang));
                }

                last = close;
            }
        }

        yield return (first, last - first);
    }

    /// <summary>True for a number and its unit, and for a name and its number (<c>seed 0</c>).</summary>
    private static bool BelongTogether(string word, string next)
    {
        string plain = next.Trim('(', ')', ',', '.', ';', ':');
        return (char.IsAsciiDigit(word[^1]) && Units.Contains(plain))
            || (word.All(char.IsLetter) && plain.Length > 0 && plain.All(c => char.IsAsciiDigit(c) || c is '.' or ','));
    }

    /// <summary>Words, with the numbers and units that belong to them.</summary>
    private static IEnumerable<(int Start, int Length)> Words(string text, int start, int end)
    {
        int at = start, open = -1;
        while (at < end)
        {
            if (text[at] == ' ')
            {
                at++;
                continue;
            }

            int stop = text.IndexOf(' ', at, end - at);
            if (stop < 0) stop = end;
            if (open < 0) open = at;
            int next = stop + 1;
            int nextStop = next < end ? text.IndexOf(' ', next, end - next) : -1;
            if (nextStop < 0) nextStop = end;
            bool staysTogether = next < end && BelongTogether(text[at..stop], text[next..nextStop]);
            at = stop;
            if (staysTogether) continue;
            yield return (open, stop - open);
            open = -1;
        }
    }

    /// <summary>Parts of a path, each with the separator behind it; a word that is no path is one part.</summary>
    private static IEnumerable<(int Start, int Length)> Pieces(string text, (int Start, int Length) word)
    {
        int start = word.Start, end = word.Start + word.Length;
        for (int i = start; i < end; i++)
        {
            if (i + 1 < end && text[i] is not ('/' or '\\')) continue;
            yield return (start, i + 1 - start);
            start = i + 1;
        }
    }

    private static int Columns(string text, int start, int length) =>
        new Segment(text.Substring(start, length)).CellCount();
}
