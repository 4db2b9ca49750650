using Fovea.Core.Timelines;

namespace Fovea.Lab.Benchmarks.Profiles;

/// <summary>Account of a step, operator by operator.</summary>
public sealed record StepProfile
{
    /// <summary>Milliseconds of the median step, profiled.</summary>
    public required double MillisecondsPerStep { get; init; }

    /// <summary>Operators, longest first.</summary>
    public required IReadOnlyList<ProfiledOperator> Operators { get; init; }

    /// <summary>Milliseconds in no operator: shapes, records, dispatch.</summary>
    public double MillisecondsBetween => Math.Max(0, MillisecondsPerStep - Operators.Sum(o => o.Milliseconds));

    /// <summary>Work of each thread in the last step.</summary>
    internal IReadOnlyList<TimelineEvent> Threads { get; init; } = [];

    /// <summary>The phases, in order.</summary>
    public static IReadOnlyList<string> Phases { get; } = ["forward", "backward", "update"];
}
