using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>A schedule with its options, e.g. <c>cosine</c> or <c>step:size=30,gamma=0.1</c>.</summary>
/// <inheritdoc/>
public sealed class ScheduleSpec(string text) : Spec<ScheduleEntry>(text, "schedule", ScheduleCatalogue.All)
{
    /// <summary>True where an option sets the smallest factor.</summary>
    public bool HasLowest => Part.Lowest is not null;

    /// <summary>True where it rises by itself at the start, and wants no warm-up before that.</summary>
    public bool HasOwnWarmUp => Part.Rises;

    /// <summary>Reads a text, so that one can stand where a schedule is wanted.</summary>
    public static implicit operator ScheduleSpec(string text) => new(text);
}
