namespace Fovea.Core.Options;

/// <summary>Values of a part's options. Immutable.</summary>
/// <param name="owner">The part, for messages.</param>
/// <param name="given">Values that were given, by the option's name.</param>
public sealed class OptionValues(string owner, IReadOnlyDictionary<string, object?> given)
{
    /// <summary>The part that has the options.</summary>
    public string Owner => owner;

    /// <summary>The value, or the option's default where none was given.</summary>
    public T Of<T>(Option<T> option) => given.TryGetValue(option.Name, out object? value) ? (T)value! : option.Default;

    /// <summary>True where a value was given.</summary>
    public bool Has(Option option) => given.ContainsKey(option.Name);

    /// <summary>The same with another default for an option; a value that was given stays.</summary>
    public OptionValues Or<T>(Option<T> option, T value) =>
        Has(option) ? this : new(owner, new Dictionary<string, object?>(given) { [option.Name] = value });
}
