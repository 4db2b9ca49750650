using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>A schedule in the catalogue. Every one also takes <c>warmup</c> and <c>warmup-start</c>.</summary>
public sealed record ScheduleEntry : Part
{
    internal ScheduleEntry(string name, IReadOnlyList<Option> options, Func<OptionValues, ScheduleRun, Schedule> create)
        : base(name, [.. options, WarmUp, WarmUpStart]) => Create = create;

    internal static Option<double> WarmUp { get; } =
        Option.Of("warmup", ValueForm.Real(Interval.AtLeast(0)), 0, "epochs in which the rate rises at the start");

    internal static Option<double?> WarmUpStart { get; } =
        Option.Maybe("warmup-start", ValueForm.Real(), "first factor of the rise", "1 / its steps");

    /// <summary>Builds it for the steps behind the warm-up.</summary>
    internal Func<OptionValues, ScheduleRun, Schedule> Create { get; }

    /// <summary>Epochs of a run of so many at which the rate drops at once; null where it never does.</summary>
    internal Func<OptionValues, double, IReadOnlyList<double>>? Drops { get; init; }

    /// <summary>It begins with a rise of its own.</summary>
    internal bool Rises { get; init; }

    /// <summary>The option that sets the smallest factor; null where there is none.</summary>
    internal Option<double>? Lowest { get; init; }
}
