using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Fovea.Core.Formats;

/// <summary>Unicode's canonical decomposition (NFD), so that the ways to write one name are one: macOS stores "é" as
/// two characters, Linux and Windows as one.</summary>
/// <remarks>The program runs without ICU, where <see cref="string.Normalize()"/> does nothing. The table beside this
/// file is UnicodeData's, of the basic plane; marks in another order than the canonical one stay so.</remarks>
public static class CanonicalText
{
    private const int FirstSyllable = 0xAC00, LastSyllable = 0xD7A3, Leading = 0x1100, Vowel = 0x1161,
        Trailing = 0x11A7;
    private const int Vowels = 21, Trailings = 28;

    private static readonly Lazy<FrozenDictionary<char, string>> Table = new(ReadTable);

    /// <summary>Decomposes a text; equal for texts that mean the same.</summary>
    public static string Decompose(string text)
    {
        if (Ascii.IsValid(text)) return text;
        StringBuilder result = new(text.Length + 8);
        foreach (char letter in text) Append(result, letter);
        return result.ToString();
    }

    /// <summary>True for texts that differ at most in how their letters are composed.</summary>
    public static bool AreSame(string left, string right) => left == right || Decompose(left) == Decompose(right);

    private static void Append(StringBuilder result, char letter)
    {
        if (letter < 0x80) result.Append(letter);
        else if (letter is >= (char)FirstSyllable and <= (char)LastSyllable)
            AppendSyllable(result, letter - FirstSyllable);
        else if (Table.Value.TryGetValue(letter, out string? parts))
            foreach (char part in parts) Append(result, part);
        else result.Append(letter);
    }

    /// <summary>Hangul is composed by arithmetic (Unicode, section 3.12).</summary>
    private static void AppendSyllable(StringBuilder result, int index)
    {
        result.Append((char)(Leading + index / (Vowels * Trailings)));
        result.Append((char)(Vowel + index % (Vowels * Trailings) / Trailings));
        if (index % Trailings > 0) result.Append((char)(Trailing + index % Trailings));
    }

    private static FrozenDictionary<char, string> ReadTable()
    {
        using Stream stream = typeof(CanonicalText).Assembly.GetManifestResourceStream("decompositions.txt")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd().Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split('='))
            .ToFrozenDictionary(pair => Letter(pair[0]), pair => string.Concat(pair[1].Split('+').Select(Letter)));
    }

    private static char Letter(string hex) =>
        (char)int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
