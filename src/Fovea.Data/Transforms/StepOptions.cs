using System.Globalization;

namespace Fovea.Data.Transforms;

/// <summary>The values of one step's text, <c>name:value:key=value</c>. Errors say how the step is written.</summary>
internal sealed class StepOptions
{
    private const int MaxPixels = 16_384;
    private readonly string _text, _usage;
    private readonly Dictionary<string, string> _unread = [];
    private string? _first;

    public StepOptions(string text, string usage)
    {
        (_text, _usage) = (text, usage);
        foreach (string part in text.Split(':').Skip(1))
        {
            string[] pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair.Length == 2)
            {
                if (!_unread.TryAdd(pair[0], pair[1])) throw Wrong($"option '{pair[0]}' stands twice");
            }
            else if (_first is not null || _unread.Count > 0)
            {
                throw Wrong($"'{part}' is not an option");
            }
            else
            {
                _first = pair[0];
            }
        }
    }

    /// <summary>The value without a name: pixels.</summary>
    public int Size() => Pixels(First());

    /// <summary>The value without a name: an odd number of pixels below 100.</summary>
    public int OddSize() => Size() is int size && size % 2 == 1 && size < 100 ? size : throw Wrong("the size must be odd and below 100");

    /// <summary>The value without a name: pixels, or two of them as <c>HEIGHTxWIDTH</c>.</summary>
    public (int Height, int? Width) Extent() => First().Split('x') switch
    {
        [string one] => (Pixels(one), null),
        [string height, string width] => (Pixels(height), Pixels(width)),
        _ => throw Wrong("a size is one number or HEIGHTxWIDTH"),
    };

    /// <summary>An option that is a whole number in a range; of pixels unless told otherwise.</summary>
    public int Whole(string key, int otherwise, int least = 0, int most = MaxPixels) =>
        !_unread.Remove(key, out string? value) ? otherwise
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? number
        : throw Wrong($"{key} must be a whole number from {least} to {most}, not '{value}'");

    /// <summary>An option that is a number in a range.</summary>
    public double Number(string key, double otherwise, double lowest, double highest) =>
        !_unread.Remove(key, out string? value) ? otherwise
        : TryNumber(value, out double number) && number >= lowest && number <= highest ? number
        : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"{key} must be a number from {lowest} to {highest}, not '{value}'"));

    /// <summary>An option <c>low..high</c>, above 0.</summary>
    public (double Low, double High) Range(string key, (double Low, double High) otherwise, double highest)
    {
        if (!_unread.Remove(key, out string? value)) return otherwise;
        string[] ends = value.Split("..");
        return ends.Length == 2 && TryNumber(ends[0], out double low) && TryNumber(ends[1], out double high)
            && 0 < low && low <= high && high <= highest
            ? (low, high)
            : throw Wrong($"{key} must be LOW..HIGH with 0 < LOW <= HIGH <= {highest}, not '{value}'");
    }

    /// <summary>The option <c>interpolation</c>.</summary>
    public Interpolation Interpolation() => Choice<Interpolation>("interpolation");

    /// <summary>An option that names a member of an enumeration in small letters; the first unless given.</summary>
    public T Choice<T>(string key) where T : struct, Enum
    {
        if (!_unread.Remove(key, out string? value)) return default;
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        return Array.IndexOf(names, value) is int index and >= 0 ? Enum.GetValues<T>()[index]
            : throw Wrong($"{key} must be {string.Join(", ", names[..^1])} or {names[^1]}, not '{value}'{DidYouMean(value, names)}");
    }

    private static string DidYouMean(string value, string[] names) =>
        NearestName.Question(value, names, " (did you mean '{0}'?)");

    /// <summary>Complains about what nobody asked for.</summary>
    public void RequireAllRead()
    {
        if (_first is not null) throw Wrong($"'{_first}' is not an option");
        foreach (string key in _unread.Keys) throw Wrong($"there is no option '{key}'");
    }

    private string First()
    {
        string value = _first ?? throw Wrong("the size is missing");
        _first = null;
        return value;
    }

    private int Pixels(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= MaxPixels ? number
        : throw Wrong($"a size must be a whole number of pixels from 1 to {MaxPixels}, not '{value}'");

    private static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private UsageException Wrong(string what) => new($"Transform '{_text}': {what}; it is written {_usage}.");
}
