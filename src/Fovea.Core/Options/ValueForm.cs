namespace Fovea.Core.Options;

/// <summary>Reads a text; false where it is not what was expected.</summary>
/// <exception cref="UsageException">The text has parts of its own, and one of them is wrong.</exception>
public delegate bool TryRead<T>(string text, out T value);

/// <summary>Written form of values of one type: the same on the command line, in files and in the options of a
/// part.</summary>
/// <param name="Placeholder">Stands for the value in help, e.g. <c>N</c>.</param>
/// <param name="Noun">What a text has to be, e.g. <c>a whole number</c>.</param>
public abstract partial record ValueForm(string Placeholder, string Noun)
{
    /// <summary>The numbers that are allowed.</summary>
    public Interval Range { get; init; } = Interval.All;

    /// <summary>True for texts with a grammar of their own, such as a mechanism with options.</summary>
    public bool HasParts { get; init; }

    /// <summary>The words that are allowed; empty where any are.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Description of an allowed value, with its range, e.g. <c>a whole number of at least 1</c>.</summary>
    public string Expected { get => field ?? Range.Behind(Noun); init; }
}

/// <summary>A <see cref="ValueForm"/> with values of one type.</summary>
/// <param name="Placeholder">Stands for the value in help, e.g. <c>N</c>.</param>
/// <param name="Noun">What a text has to be, e.g. <c>a whole number</c>.</param>
/// <param name="TryRead">Reads a text; false where it is not a <paramref name="Noun"/>.</param>
/// <param name="Print">Writes a value so that it reads back as the same.</param>
public sealed record ValueForm<T>(string Placeholder, string Noun, TryRead<T> TryRead, Func<T, string> Print)
    : ValueForm(Placeholder, Noun)
{
    /// <summary>The value as a number, for the range; null: no number.</summary>
    public Func<T, double>? Number { get; init; }

    /// <summary>True for a value in the range.</summary>
    public bool Allows(T value) => Number is null || Range.Contains(Number(value));

    /// <summary>Reads a text.</summary>
    /// <exception cref="UsageException">It is not what is expected; the message says what that is, and the nearest
    /// word.</exception>
    public T Read(string text) => TryRead(text, out T value) && Allows(value)
        ? value
        : throw new UsageException($"'{text}' is not {Expected}{NearestName.Question(text, Names)}");
}
