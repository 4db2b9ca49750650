using System.Globalization;

namespace Fovea.Training.Recipes;

/// <summary>How values of one type are written: the same on the command line and in a recipe file.</summary>
/// <param name="Placeholder">Stands for the value in help, e.g. <c>N</c>.</param>
/// <param name="Expected">What a value has to be, e.g. <c>a whole number of at least 1</c>.</param>
/// <param name="TryRead">Reads a text; false where it is not <paramref name="Expected"/>.</param>
/// <param name="Print">Writes a value so that it reads back as the same.</param>
internal sealed record ValueForm<T>(string Placeholder, string Expected, TryRead<T> TryRead, Func<T, string> Print);

/// <summary>Reads a text; false where it is not what was expected.</summary>
internal delegate bool TryRead<T>(string text, out T value);

/// <summary>The forms that recipes use.</summary>
internal static class ValueForm
{
    /// <summary>Whole numbers from <paramref name="least"/> up.</summary>
    public static ValueForm<int> Whole(int least) => new(
        "N", $"a whole number of at least {least}",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= least,
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whole numbers of 64 bits.</summary>
    public static ValueForm<ulong> Seed() => new(
        "N", "a whole number of at least 0",
        (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value),
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Numbers from <paramref name="least"/> up to, but not including, <paramref name="below"/>.</summary>
    public static ValueForm<double> Real(double least, double below = double.PositiveInfinity) => new(
        "X", $"a number of at least {Print(least)}" + (double.IsInfinity(below) ? "" : $" and below {Print(below)}"),
        (string text, out double value) => TryReadReal(text, out value) && value >= least && value < below,
        Print);

    /// <summary>Shares of which something is left.</summary>
    public static ValueForm<double> AboveZeroToOne() => new(
        "X", "a number above 0 and up to 1",
        (string text, out double value) => TryReadReal(text, out value) && value is > 0 and <= 1,
        Print);

    /// <summary>Numbers from 0 to 1, both included.</summary>
    public static ValueForm<double> Share() => new(
        "X", "a number from 0 to 1",
        (string text, out double value) => TryReadReal(text, out value) && value is >= 0 and <= 1,
        Print);

    /// <summary>Numbers above zero.</summary>
    public static ValueForm<double> Positive() => new(
        "X", "a number above 0",
        (string text, out double value) => TryReadReal(text, out value) && value > 0 && !double.IsInfinity(value),
        Print);

    /// <summary>Two numbers of the form <paramref name="one"/>, separated by a comma.</summary>
    public static ValueForm<(double First, double Second)> Pair(ValueForm<double> one) => new(
        "X,X", $"two numbers separated by a comma, each {one.Expected}",
        (string text, out (double First, double Second) value) =>
        {
            value = default;
            return text.Split(',', StringSplitOptions.TrimEntries) is [string first, string second]
                && one.TryRead(first, out value.First) && one.TryRead(second, out value.Second);
        },
        value => $"{one.Print(value.First)},{one.Print(value.Second)}");

    /// <summary>Any text but an empty one.</summary>
    public static ValueForm<string> Text(string placeholder) => new(
        placeholder, "a text",
        (string text, out string value) => (value = text).Length > 0,
        value => value);

    /// <summary>Yes or no.</summary>
    public static ValueForm<bool> Flag() => new(
        "", "true or false", (string text, out bool value) => bool.TryParse(text, out value), value => value ? "true" : "false");

    /// <summary>One of a few names; capitals and hyphens do not matter when reading.</summary>
    public static ValueForm<T> Choice<T>(params (string Name, T Value)[] choices)
        where T : notnull
    {
        string[] names = [.. choices.Select(choice => choice.Name)];
        return new(
            string.Join('|', names), $"one of {string.Join(", ", names)}",
            (string text, out T value) =>
            {
                int index = Array.FindIndex(names, name => Plain(name) == Plain(text));
                value = choices[Math.Max(index, 0)].Value;
                return index >= 0;
            },
            value => choices.First(choice => choice.Value.Equals(value)).Name);
    }

    /// <summary>A name that <paramref name="find"/> knows, which returns it as it is written, or null.</summary>
    public static ValueForm<string> Name(IReadOnlyCollection<string> names, Func<string, string?> find) => new(
        string.Join('|', names), $"one of {string.Join(", ", names)}",
        (string text, out string value) => (value = find(text) ?? "").Length > 0,
        value => value);

    /// <summary>Some of an enumeration's names, separated by commas; capitals do not matter when reading.</summary>
    public static ValueForm<T> Flags<T>()
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        return new(
            string.Join('|', names), $"one or more of {string.Join(", ", names)}, separated by commas",
            (string text, out T value) =>
            {
                value = default;
                return text.Split(',', StringSplitOptions.TrimEntries).All(name => names.Contains(name.ToLowerInvariant()))
                    && Enum.TryParse(text, ignoreCase: true, out value);
            },
            value => value.ToString().Replace(" ", "").ToLowerInvariant());
    }

    /// <summary>The same values, or null written as <paramref name="word"/>.</summary>
    public static ValueForm<T?> Or<T>(this ValueForm<T> form, string word)
        where T : struct => new(
        form.Placeholder, $"{form.Expected}, or {word}",
        (string text, out T? value) =>
        {
            value = null;
            if (text == word) return true;
            if (!form.TryRead(text, out T read)) return false;
            value = read;
            return true;
        },
        value => value is T set ? form.Print(set) : word);

    /// <summary>Any text but an empty one, or null written as <paramref name="word"/>.</summary>
    public static ValueForm<string?> Text(string placeholder, string word) => new(
        placeholder, $"a text, or {word}",
        (string text, out string? value) => (value = text == word ? null : text) is not "",
        value => value ?? word);

    /// <summary>The nearest of the names that the form accepts, as a question; nothing for forms without names.</summary>
    public static string DidYouMean<T>(this ValueForm<T> form, string text) =>
        form.Placeholder.Contains('|') && NearestName.Of(text, form.Placeholder.Split('|')) is string nearest
            ? $"; did you mean '{nearest}'?"
            : "";

    private static string Plain(string name) => name.Replace("-", "").Replace("_", "").ToLowerInvariant();

    private static bool TryReadReal(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && !double.IsNaN(value);

    private static string Print(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
