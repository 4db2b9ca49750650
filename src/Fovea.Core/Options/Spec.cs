using System.Globalization;

namespace Fovea.Core.Options;

/// <summary>
/// A part with values for its options, as recipes and command lines name it: <c>name</c> or
/// <c>name:key=value,key=value</c>. The main option may go without its key if it is a number and comes first:
/// <c>sinkhorn:5</c>. Equal where the texts are, whatever the order of the options.
/// </summary>
/// <typeparam name="TPart">What the text names.</typeparam>
public abstract class Spec<TPart> : IEquatable<Spec<TPart>>
    where TPart : Part
{
    private const string Unnamed = "";

    private readonly string _text;

    /// <param name="text">As written.</param>
    /// <param name="kind">What the parts are called, for messages.</param>
    /// <param name="parts">What there is.</param>
    /// <exception cref="UsageException">
    /// The text is not of that form; there is no such part or option, the message has the nearest; or a value is not
    /// what its option needs.
    /// </exception>
    protected Spec(string text, string kind, IReadOnlyList<TPart> parts)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = (colon < 0 ? text : text[..colon]).Trim();
        Check.That(name.Length > 0, $"'{text}': expected name or name:key=value,key=value.");
        SortedDictionary<string, string> written = colon < 0 ? [] : Split(text, text[(colon + 1)..]);
        Part = parts.FirstOrDefault(part => part.Name == name)
            ?? throw new UsageException(NearestName.Message(kind, name, [.. parts.Select(part => part.Name)]));
        IEnumerable<string> options =
            written.Select(option => option.Key == Unnamed ? option.Value : $"{option.Key}={option.Value}");
        _text = written.Count == 0 ? name : $"{name}:{string.Join(',', options)}";
        Values = new(name, Read(written));
    }

    /// <summary>The part that the text names.</summary>
    public TPart Part { get; }

    /// <summary>Its name, e.g. <c>softmax</c>.</summary>
    public string Name => Part.Name;

    /// <summary>Its options.</summary>
    public OptionValues Values { get; }

    /// <summary>The canonical text: values as written, options in alphabetical order.</summary>
    public override string ToString() => _text;

    /// <inheritdoc/>
    public bool Equals(Spec<TPart>? other) => other is not null && _text == other._text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Spec<TPart>);

    /// <inheritdoc/>
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    private static SortedDictionary<string, string> Split(string text, string options)
    {
        SortedDictionary<string, string> written = new(StringComparer.Ordinal);
        foreach (string part in options.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 && written.Count == 0
                && double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                written.Add(Unnamed, part.Trim());
                continue;
            }

            Check.That(equals > 0 && part[..equals].Trim().Length > 0,
                $"'{text}': expected key=value behind the colon, got '{part}'.");
            string key = part[..equals].Trim();
            Check.That(written.TryAdd(key, part[(equals + 1)..].Trim()), $"'{text}': option '{key}' is given twice.");
        }

        return written;
    }

    private Dictionary<string, object?> Read(SortedDictionary<string, string> written)
    {
        Dictionary<string, object?> values = [];
        foreach ((string key, string text) in written)
        {
            Option option = key == Unnamed ? MainFor(text) : Part.Options.FirstOrDefault(option => option.Name == key)
                ?? throw new UsageException(
                    $"{Name}: {NearestName.Message("option", key, [.. Part.Options.Select(option => option.Name)])}");
            Check.That(option.TryRead(text, out object? value, out bool isAllowed),
                $"{Name}: option '{option.Name}' must be {option.Form.Noun}, got '{text}'.");
            Check.That(isAllowed, $"{Name}: {option.Name} must be {option.Form.Range}, got {text}.");
            Check.That(values.TryAdd(option.Name, value), $"{Name}: option '{option.Name}' is given twice.");
        }

        return values;
    }

    private Option MainFor(string text) =>
        Part.Main ?? throw new UsageException(Part.Options.Count == 0
            ? $"{Name}: there is nothing to set, and '{text}' is too much."
            : $"{Name}: '{text}' needs a key, as in {Name}:{Part.Options[0].Name}={text}; there are "
                + $"{string.Join(", ", Part.Options.Select(option => option.Name))}.");
}
