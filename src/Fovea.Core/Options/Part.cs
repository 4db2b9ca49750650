namespace Fovea.Core.Options;

/// <summary>A kind of part that a text can name, with its options: an attention mechanism, a schedule, a
/// transform.</summary>
/// <param name="Name">As it is written.</param>
/// <param name="Options">What can be set.</param>
public abstract record Part(string Name, IReadOnlyList<Option> Options)
{
    /// <summary>The option that may be given without its key; null where there is none.</summary>
    public Option? Main { get; init; }
}
