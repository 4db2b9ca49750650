namespace Fovea.Core;

/// <summary>
/// An error that a person can do something about: one sentence of what was wrong. Names of fields stand in backticks,
/// <c>`image-size`</c>, so that a command line can write them as its options.
/// </summary>
/// <param name="reason">What was wrong, where, and what is possible.</param>
/// <param name="inner">The error below, where there was one.</param>
public abstract class FoveaException(string reason, Exception? inner = null) : Exception(reason, inner)
{
    /// <summary>The setting that is wrong, named as the field of a recipe, e.g. <c>grad-accum</c>; null where it is
    /// none.</summary>
    public string? Field { get; init; }

    /// <summary>Advice beyond what the reason says; null where there is none.</summary>
    public string? Remedy { get; init; }

    /// <summary>Items that the reason is about, each on a line of its own below it. Nothing else in a message breaks a
    /// line, so that no name in it can.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    /// <summary>The sentence without the field.</summary>
    public string Reason => base.Message;

    /// <summary>Field and reason.</summary>
    public string Sentence => Field is null ? Reason : $"`{Field}`: {Reason}";

    /// <summary>Field, reason and details.</summary>
    public override string Message => string.Join("\n  ", Details.Prepend(Sentence));
}
