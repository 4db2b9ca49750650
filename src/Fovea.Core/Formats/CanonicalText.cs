using System.Text;

namespace Fovea.Core.Formats;

/// <summary>
/// Composes letters and their marks (Unicode's normalisation form C), so that the ways to write one name are one:
/// macOS stores "é" as two characters, Linux and Windows as one. <see cref="string.Normalize()"/> needs a library of
/// the operating system that is not everywhere, and without it returns the text as it is.
/// </summary>
/// <remarks>Source: Unicode Standard Annex 15, "Unicode Normalization Forms", and the Unicode Standard, 3.12 for
/// Hangul.</remarks>
public static class CanonicalText
{
    /// <summary>Letters of a text that is composed; names are shorter, and sorting many marks takes long.</summary>
    private const int Longest = 4096;

    private const int HangulFirst = 0xAC00, LeadFirst = 0x1100, VowelFirst = 0x1161, TailFirst = 0x11A7, Leads = 19,
        Vowels = 21, Tails = 28, Hangul = Leads * Vowels * Tails;

    private static readonly Dictionary<(char, char), char> Composites = [];
    private static readonly Dictionary<char, string> Decompositions = [];
    private static readonly Dictionary<char, byte> Classes = [];

    static CanonicalText()
    {
        const string Pairs = UnicodeTables.Pairs, Singletons = UnicodeTables.Singletons, Marks = UnicodeTables.Marks;
        for (int i = 0; i < Pairs.Length; i += 3)
        {
            Composites[(Pairs[i], Pairs[i + 1])] = Pairs[i + 2];
            Decompositions[Pairs[i + 2]] = Pairs.Substring(i, 2);
        }

        for (int i = 0; i < Singletons.Length; i += 2) Decompositions[Singletons[i + 1]] = Singletons[i].ToString();
        for (int i = 0; i < Marks.Length; i += 3)
            for (char mark = Marks[i]; mark <= Marks[i + 1]; mark++) Classes[mark] = (byte)Marks[i + 2];
    }

    /// <summary>The text with composed letters; texts that look and mean the same become equal.</summary>
    public static string Compose(string text)
    {
        if (Ascii.IsValid(text) || text.Length > Longest) return text;
        StringBuilder letters = new(text.Length);
        foreach (char letter in text) Decompose(letter, letters);
        Sort(letters);
        return Recompose(letters);
    }

    /// <summary>True for texts that differ at most in how their letters are composed.</summary>
    public static bool AreSame(string left, string right) => left == right || Compose(left) == Compose(right);

    private static void Decompose(char letter, StringBuilder letters)
    {
        int syllable = letter - HangulFirst;
        if (syllable is >= 0 and < Hangul)
        {
            letters.Append((char)(LeadFirst + (syllable / (Vowels * Tails))))
                .Append((char)(VowelFirst + (syllable / Tails % Vowels)));
            if (syllable % Tails > 0) letters.Append((char)(TailFirst + (syllable % Tails)));
        }
        else if (Decompositions.TryGetValue(letter, out string? parts))
        {
            foreach (char part in parts) Decompose(part, letters);
        }
        else
        {
            letters.Append(letter);
        }
    }

    /// <summary>Puts the marks of each letter into their order; those of equal class keep theirs.</summary>
    private static void Sort(StringBuilder letters)
    {
        for (int i = 1; i < letters.Length; i++)
        {
            int own = ClassOf(letters[i]);
            for (int at = i; own > 0 && at > 0 && ClassOf(letters[at - 1]) > own; at--)
                (letters[at - 1], letters[at]) = (letters[at], letters[at - 1]);
        }
    }

    private static string Recompose(StringBuilder letters)
    {
        StringBuilder composed = new(letters.Length);
        int starter = -1, last = -1;   // place of the letter that marks join, and class of the mark before
        for (int i = 0; i < letters.Length; i++)
        {
            char letter = letters[i];
            int own = ClassOf(letter);
            bool isFree = starter >= 0 && (last < own || starter == composed.Length - 1);
            if (isFree && Join(composed[starter], letter) is char joined)
            {
                composed[starter] = joined;
                continue;
            }

            if (own == 0) starter = composed.Length;
            last = own == 0 ? -1 : own;
            composed.Append(letter);
        }

        return composed.ToString();
    }

    private static char? Join(char first, char second)
    {
        int lead = first - LeadFirst, vowel = second - VowelFirst, syllable = first - HangulFirst,
            tail = second - TailFirst;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
            return (char)(HangulFirst + (((lead * Vowels) + vowel) * Tails));
        if (syllable is >= 0 and < Hangul && syllable % Tails == 0 && tail is > 0 and < Tails)
            return (char)(first + tail);
        return Composites.TryGetValue((first, second), out char joined) ? joined : null;
    }

    private static int ClassOf(char letter) => Classes.GetValueOrDefault(letter);
}
