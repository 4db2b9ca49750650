using System.Globalization;

namespace Fovea.Core.Options;

public abstract partial record ValueForm
{
    /// <summary>Whole numbers.</summary>
    /// <param name="least">The least.</param>
    /// <param name="most">The greatest; <see cref="int.MaxValue"/> for none.</param>
    public static ValueForm<int> Whole(int least = int.MinValue, int most = int.MaxValue) => new(
        "N",
        "a whole number",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value),
        value => value.ToString(CultureInfo.InvariantCulture))
    {
        Range = new(least == int.MinValue ? double.NegativeInfinity : least,
            most == int.MaxValue ? double.PositiveInfinity : most),
        Number = value => value,
    };

    /// <summary>Whole numbers of 64 bits.</summary>
    public static ValueForm<ulong> Seed() => new(
        "N",
        "a whole number of at least 0",
        (string text, out ulong value) =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value),
        value => value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Numbers in an interval.</summary>
    public static ValueForm<double> Real(Interval range) =>
        new("X", "a number", TryReadReal, Print) { Range = range, Number = value => value };

    /// <summary>Any number.</summary>
    public static ValueForm<double> Real() => Real(Interval.All);

    /// <summary>Numbers separated by slashes.</summary>
    public static ValueForm<IReadOnlyList<double>> Reals() => new(
        "X/X/...",
        "numbers separated by slashes",
        (string text, out IReadOnlyList<double> values) =>
        {
            List<double> numbers = [];
            values = numbers;
            foreach (string part in text.Split('/'))
            {
                if (!TryReadReal(part, out double value)) return false;
                numbers.Add(value);
            }

            return true;
        },
        values => string.Join('/', values.Select(Print)));

    /// <summary>Two numbers of the form <paramref name="one"/>, separated by a comma.</summary>
    public static ValueForm<(double First, double Second)> Pair(ValueForm<double> one) => new(
        "X,X",
        $"two numbers separated by a comma, each {one.Expected}",
        (string text, out (double First, double Second) value) =>
        {
            value = default;
            return text.Split(',', StringSplitOptions.TrimEntries) is [string first, string second]
                && one.TryRead(first, out value.First) && one.Allows(value.First)
                && one.TryRead(second, out value.Second) && one.Allows(value.Second);
        },
        value => $"{one.Print(value.First)},{one.Print(value.Second)}");

    /// <summary>Two numbers <c>LOW..HIGH</c>, both above 0.</summary>
    /// <param name="highest">Bound of the second.</param>
    public static ValueForm<(double Low, double High)> Ends(double highest) => new(
        "LOW..HIGH",
        $"LOW..HIGH with 0 < LOW <= HIGH <= {Print(highest)}",
        (string text, out (double Low, double High) value) =>
        {
            value = default;
            return text.Split("..") is [string low, string high] && TryReadReal(low, out value.Low)
                && TryReadReal(high, out value.High)
                && 0 < value.Low && value.Low <= value.High && value.High <= highest;
        },
        value => $"{Print(value.Low)}..{Print(value.High)}");

    /// <summary>Any text but an empty one.</summary>
    public static ValueForm<string> Text(string placeholder) => new(
        placeholder, "a text", (string text, out string value) => (value = text).Length > 0, value => value);

    /// <summary>A name that <paramref name="find"/> knows, which returns it as it is written, or null.</summary>
    public static ValueForm<string> Name(IReadOnlyList<string> names, Func<string, string?> find) => new(
        string.Join('|', names),
        $"one of {string.Join(", ", names)}",
        (string text, out string value) => (value = find(text) ?? "").Length > 0,
        value => value)
    {
        Names = names,
    };

    /// <summary>Yes or no.</summary>
    public static ValueForm<bool> Flag() => new(
        "", "true or false", (string text, out bool value) => bool.TryParse(text, out value),
        value => value ? "true" : "false");

    /// <summary>One of a few names; capitals, hyphens and underscores do not matter when reading.</summary>
    public static ValueForm<T> Choice<T>(params (string Name, T Value)[] choices)
        where T : notnull
    {
        string[] names = new string[choices.Length];
        T[] values = new T[choices.Length];
        for (int i = 0; i < choices.Length; i++) (names[i], values[i]) = choices[i];
        return Among<T>(names, values);
    }

    /// <summary>One member of an enumeration, in small letters.</summary>
    public static ValueForm<T> Choice<T>()
        where T : struct, Enum =>
        Among<T>(SmallNames(typeof(T)), Enum.GetValues<T>());

    // Little depends on T here: what does is compiled at each start for each type, before the first word is printed.
    private static ValueForm<T> Among<T>(string[] names, Array values)
        where T : notnull => new(
        string.Join('|', names),
        $"one of {string.Join(", ", names)}",
        (string text, out T value) =>
        {
            int index = IndexOf(names, text);
            value = (T)values.GetValue(Math.Max(index, 0))!;
            return index >= 0;
        },
        value => names[Array.IndexOf(values, value)])
        {
            Names = names,
        };

    private static int IndexOf(string[] names, string text) =>
        Array.FindIndex(names, name => Plain(name) == Plain(text));

    private static string[] SmallNames(Type type) => [.. Enum.GetNames(type).Select(name => name.ToLowerInvariant())];

    /// <summary>Some members of an enumeration, in small letters and separated by commas.</summary>
    public static ValueForm<T> Flags<T>()
        where T : struct, Enum
    {
        string[] names = SmallNames(typeof(T));
        return new(
            string.Join('|', names),
            $"one or more of {string.Join(", ", names)}, separated by commas",
            (string text, out T value) =>
            {
                value = default;
                return text.Split(',', StringSplitOptions.TrimEntries)
                    .All(name => names.Contains(name.ToLowerInvariant()))
                    && Enum.TryParse(text, ignoreCase: true, out value);
            },
            value => value.ToString().Replace(" ", "").ToLowerInvariant())
        {
            Names = names,
        };
    }

    /// <summary>Values that have a text form of their own.</summary>
    /// <param name="placeholder">Stands for the value in help.</param>
    /// <param name="parse">Reads a text, or throws a <see cref="UsageException"/>.</param>
    public static ValueForm<T> Of<T>(string placeholder, Func<string, T> parse)
        where T : class => new(
        placeholder,
        "a text",
        (string text, out T value) =>
        {
            value = parse(text);
            return true;
        },
        value => value.ToString()!)
        {
            HasParts = true,
        };

    private static string Plain(string name) => name.Replace("-", "").Replace("_", "").ToLowerInvariant();

    private static bool TryReadReal(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static string Print(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
