namespace Fovea.Core.Options;

/// <summary>An option of a part: how its value is written, what it is unless given, and what it means. Said here and
/// nowhere else.</summary>
public abstract class Option
{
    private protected Option(string name, ValueForm form, string summary)
    {
        Name = name;
        Form = form;
        Summary = summary;
    }

    /// <summary>The key, e.g. <c>iterations</c>.</summary>
    public string Name { get; }

    /// <summary>Form of its values.</summary>
    public ValueForm Form { get; }

    /// <summary>Meaning in a few words.</summary>
    public string Summary { get; }

    /// <summary>The default in words; empty where there is nothing to say.</summary>
    public required string DefaultText { get; init; }

    /// <summary>Meaning, allowed words or range, and default.</summary>
    public string Help
    {
        get
        {
            string allowed = Form.Names.Count > 0 ? string.Join(" or ", Form.Names) : Form.Range.ToString();
            return string.Join("; ",
                ((string[])[Summary, allowed, DefaultText.Length == 0 ? "" : $"default {DefaultText}"])
                    .Where(part => part.Length > 0));
        }
    }

    /// <summary>An option with a default.</summary>
    /// <param name="name">The key.</param>
    /// <param name="form">How values are written.</param>
    /// <param name="standard">The value unless given.</param>
    /// <param name="summary">What it means.</param>
    /// <param name="inWords">The default for help; null: as it would be written.</param>
    public static Option<T> Of<T>(string name, ValueForm<T> form, T standard, string summary, string? inWords = null) =>
        new(name, form, standard, summary) { DefaultText = inWords ?? form.Print(standard) };

    /// <summary>An option that is null unless given.</summary>
    /// <param name="name">The key.</param>
    /// <param name="form">How values are written.</param>
    /// <param name="summary">What it means.</param>
    /// <param name="otherwise">What is used then, in words; empty where there is nothing to say.</param>
    public static Option<T?> Maybe<T>(string name, ValueForm<T> form, string summary, string otherwise = "")
        where T : struct => new(name, form.OrNull(), null, summary) { DefaultText = otherwise };

    /// <summary>Reads a value.</summary>
    /// <param name="text">As written.</param>
    /// <param name="value">The value; null where it cannot be read.</param>
    /// <param name="isAllowed">False for a value out of range.</param>
    /// <returns>False for a text that is not of the form.</returns>
    public abstract bool TryRead(string text, out object? value, out bool isAllowed);
}

/// <summary>An <see cref="Option"/> with values of one type.</summary>
public sealed class Option<T> : Option
{
    private readonly ValueForm<T> _form;

    internal Option(string name, ValueForm<T> form, T standard, string summary)
        : base(name, form, summary)
    {
        _form = form;
        Default = standard;
    }

    /// <summary>The value unless given.</summary>
    public T Default { get; }

    /// <summary>The value, if it is in range.</summary>
    /// <param name="value">The value.</param>
    /// <param name="owner">The part, for the message.</param>
    /// <exception cref="UsageException">It is out of range.</exception>
    public T Check(T value, string owner) =>
        _form.Allows(value) ? value
            : throw new UsageException($"{owner}: {Name} must be {Form.Range}, got {_form.Print(value)}.");

    /// <summary>The value as text.</summary>
    public string Print(T value) => _form.Print(value);

    /// <summary>Key and value as text; null for the default.</summary>
    public string? PrintUnlessDefault(T value) =>
        EqualityComparer<T>.Default.Equals(value, Default) ? null : $"{Name}={_form.Print(value)}";

    /// <inheritdoc/>
    public override bool TryRead(string text, out object? value, out bool isAllowed)
    {
        bool isRead = _form.TryRead(text, out T read);
        isAllowed = isRead && _form.Allows(read);
        value = isRead ? read : null;
        return isRead;
    }
}
