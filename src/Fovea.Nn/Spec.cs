using System.Globalization;

namespace Fovea.Nn;

/// <summary>
/// A named part with options, in the compact form of recipes and command lines: <c>name</c> or <c>name:key=value,key=value</c>. The main option
/// may go without its key if it is a number and comes first: <c>sinkhorn:5</c>.
/// Reading an option says what is wrong with it; <see cref="RequireKnown"/> rejects misspelt ones.
/// </summary>
public sealed class Spec : IEquatable<Spec>
{
    private const string Unnamed = "";

    private readonly SortedDictionary<string, string> _options;

    private Spec(string name, SortedDictionary<string, string> options) => (Name, _options) = (name, options);

    /// <summary>What is meant, e.g. <c>softmax</c>.</summary>
    public string Name { get; }

    /// <summary>Options as written, by name.</summary>
    public IReadOnlyDictionary<string, string> Options => _options;

    /// <summary>Reads <c>name:key=value,...</c>.</summary>
    /// <exception cref="UsageException">The text is not of that form, or an option stands twice.</exception>
    public static Spec Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = (colon < 0 ? text : text[..colon]).Trim();
        Check.That(name.Length > 0, $"'{text}': expected name or name:key=value,key=value.");
        SortedDictionary<string, string> options = new(StringComparer.Ordinal);
        foreach (string part in colon < 0 ? [] : text[(colon + 1)..].Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && options.Count == 0 && double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                options.Add(Unnamed, part.Trim());
                continue;
            }

            Check.That(equals > 0 && part[..equals].Trim().Length > 0, $"'{text}': expected key=value behind the colon, got '{part}'.");
            string key = part[..equals].Trim();
            Check.That(options.TryAdd(key, part[(equals + 1)..].Trim()), $"'{text}': option '{key}' is given twice.");
        }

        return new Spec(name, options);
    }

    /// <summary>The same as <see cref="Parse"/>, so that a text can stand where a spec is wanted.</summary>
    public static implicit operator Spec(string text) => Parse(text);

    /// <summary>The same with a value that came without a key under <paramref name="key"/>.</summary>
    /// <exception cref="UsageException">There is such a value and no main option to take it, or it is given twice.</exception>
    public Spec WithMain(string? key)
    {
        if (!_options.TryGetValue(Unnamed, out string? value)) return this;
        Check.That(key is not null, $"{Name}: '{value}' needs a key; write {Name}:key={value}.");
        Check.That(!_options.ContainsKey(key!), $"{Name}: option '{key}' is given twice.");
        SortedDictionary<string, string> options = new(_options, StringComparer.Ordinal) { [key!] = value };
        options.Remove(Unnamed);
        return new Spec(Name, options);
    }

    /// <summary>A number.</summary>
    /// <exception cref="UsageException">It is not one.</exception>
    public double Number(string key, double otherwise)
    {
        if (!_options.TryGetValue(key, out string? text)) return otherwise;
        Check.That(
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value),
            $"{Name}: option '{key}' must be a number, got '{text}'.");
        return value;
    }

    /// <summary>A whole number.</summary>
    /// <exception cref="UsageException">It is not one.</exception>
    public int Integer(string key, int otherwise)
    {
        if (!_options.TryGetValue(key, out string? text)) return otherwise;
        Check.That(
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value),
            $"{Name}: option '{key}' must be a whole number, got '{text}'.");
        return value;
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public bool Flag(string key, bool otherwise)
    {
        if (!_options.TryGetValue(key, out string? text)) return otherwise;
        Check.That(bool.TryParse(text, out bool value), $"{Name}: option '{key}' must be true or false, got '{text}'.");
        return value;
    }

    /// <summary>One of some words, the first of which is the default.</summary>
    /// <exception cref="UsageException">It is another one.</exception>
    public string Choice(string key, params IReadOnlyList<string> words)
    {
        string text = _options.GetValueOrDefault(key, words[0]);
        Check.That(words.Contains(text), $"{Name}: option '{key}' must be one of {string.Join(", ", words)}, got '{text}'.");
        return text;
    }

    /// <summary>Numbers separated by slashes, e.g. <c>30/60/90</c>.</summary>
    /// <exception cref="UsageException">One is not a number.</exception>
    public IReadOnlyList<double> Numbers(string key, params IReadOnlyList<double> otherwise)
    {
        if (!_options.TryGetValue(key, out string? text)) return otherwise;
        List<double> numbers = [];
        foreach (string part in text.Split('/'))
        {
            Check.That(
                double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value),
                $"{Name}: option '{key}' must be numbers separated by slashes, got '{text}'.");
            numbers.Add(value);
        }

        return numbers;
    }

    /// <summary>Rejects options that are not among these.</summary>
    /// <exception cref="UsageException">There is another option; the message names the nearest one.</exception>
    public void RequireKnown(params IReadOnlyCollection<string> keys)
    {
        foreach (string key in _options.Keys)
            if (!keys.Contains(key)) throw new UsageException($"{Name}: {NearestName.Message("option", key, keys)}");
    }

    /// <summary>The canonical text: options in alphabetical order.</summary>
    public override string ToString() =>
        _options.Count == 0 ? Name : $"{Name}:{string.Join(',', _options.Select(option => option.Key == Unnamed ? option.Value : $"{option.Key}={option.Value}"))}";

    /// <inheritdoc/>
    public bool Equals(Spec? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Spec);

    /// <inheritdoc/>
    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);
}
