using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>
/// Schedules by name, for recipes and command lines: <c>cosine</c>, <c>step:size=30,gamma=0.1</c>. Lengths are in
/// epochs, fractions allowed; factors are of the base learning rate. Drops (<c>step</c>, <c>multi-step</c>) come at
/// epochs of the run, as timm counts them, warm-up included; other schedules begin behind the warm-up. Every schedule
/// takes <c>warmup</c> (epochs) and <c>warmup-start</c> (factor).
/// </summary>
public static class ScheduleCatalogue
{
    /// <summary>All schedules.</summary>
    public static IReadOnlyList<ScheduleEntry> All { get; } =
    [
        ConstantSchedule.Entry,
        CosineSchedule.Entry,
        CosineRestartsSchedule.Entry,
        StepSchedule.Exponential,
        LinearSchedule.Entry,
        MultiStepSchedule.Entry,
        OneCycleSchedule.Entry,
        StepSchedule.Entry,
        WarmupStableDecaySchedule.Entry,
    ];

    /// <summary>Epochs of the run at which the rate drops at once: those of a multi-step schedule, the first one of a
    /// step schedule; none of others.</summary>
    /// <param name="spec">Name and options.</param>
    /// <param name="epochs">Epochs of the run, warm-up included.</param>
    public static IReadOnlyList<double> Drops(ScheduleSpec spec, double epochs) =>
        spec.Part.Drops?.Invoke(spec.Values, epochs) ?? [];

    /// <summary>Epochs of warm-up.</summary>
    /// <param name="spec">Name and options.</param>
    /// <param name="warmUp">Where the options give none.</param>
    public static double WarmUp(ScheduleSpec spec, double warmUp = 0) =>
        spec.Values.Or(ScheduleEntry.WarmUp, warmUp).Of(ScheduleEntry.WarmUp);

    /// <summary>Builds the schedule of a run.</summary>
    /// <param name="spec">Name and options.</param>
    /// <param name="totalSteps">Optimiser steps of the whole run, warm-up included; 1 or more.</param>
    /// <param name="stepsPerEpoch">Optimiser steps of an epoch; 1 to give lengths in steps.</param>
    /// <param name="warmUp">Epochs of warm-up where the options give none, 0 or more.</param>
    /// <param name="lowest">Smallest factor where the options give none; only for a schedule that
    /// <see cref="ScheduleSpec.HasLowest"/>.</param>
    /// <param name="warmUpStart">First factor of the warm-up where the options give none; null: that of its first
    /// step.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public static Schedule Build(ScheduleSpec spec, int totalSteps, int stepsPerEpoch = 1, double warmUp = 0,
        double lowest = 0, double? warmUpStart = null)
    {
        Check.AtLeast(1, totalSteps, "Schedule: total steps");
        Check.AtLeast(1, stepsPerEpoch, "Schedule: steps per epoch");
        OptionValues values = spec.Values.Or(ScheduleEntry.WarmUp, warmUp);
        if (warmUpStart is not null) values = values.Or(ScheduleEntry.WarmUpStart, warmUpStart);
        if (lowest > 0 && spec.Part.Lowest is { } option) values = values.Or(option, lowest);
        int warmUpSteps = Math.Min((int)Math.Round(values.Of(ScheduleEntry.WarmUp) * stepsPerEpoch), totalSteps);
        ScheduleRun run = new(Math.Max(1, totalSteps - warmUpSteps), stepsPerEpoch, warmUpSteps);
        return Schedule.WarmUp(warmUpSteps, spec.Part.Create(values, run), values.Of(ScheduleEntry.WarmUpStart));
    }
}
