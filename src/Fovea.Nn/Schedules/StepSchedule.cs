using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>Times gamma after every so many steps: gamma^⌊(step + done) / every⌋. With <c>every</c> 1 it is the
/// exponential schedule.</summary>
public sealed record StepSchedule : Schedule
{
    private static readonly Option<double> Size = Option.Of("size", ValueForm.Real(Interval.Positive), 30,
        "epochs between two drops, counted from the start of the run");
    private static readonly Option<double> DropFactor = Option.Of("gamma", ValueForm.Real(), 0.1,
        "factor of each drop, 0 or more");
    private static readonly Option<double> EpochFactor = Option.Of("gamma", ValueForm.Real(), 0.95,
        "factor of each epoch behind the warm-up, 0 or more");

    /// <param name="every">Steps between two drops, 1 or more.</param>
    /// <param name="gamma">Factor of each drop, 0 or more.</param>
    /// <param name="done">Steps of the run before the first one here, such as a warm-up's, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public StepSchedule(int every, double gamma, int done = 0)
    {
        Every = Check.AtLeast(1, every, "Step schedule: size");
        Gamma = Check.AtLeast(0, gamma, "Step schedule: gamma");
        Done = Check.AtLeast(0, done, "Step schedule: done");
    }

    internal static ScheduleEntry Entry { get; } = new(
        "step",
        [Size, DropFactor],
        (values, run) => new StepSchedule(run.Steps(values.Of(Size)), values.Of(DropFactor), run.WarmUp))
    {
        Drops = (values, _) => [values.Of(Size)],
    };

    internal static ScheduleEntry Exponential { get; } = new(
        "exponential",
        [EpochFactor],
        (values, run) => new StepSchedule(run.PerEpoch, values.Of(EpochFactor)));

    /// <summary>Steps between two drops.</summary>
    public int Every { get; }

    /// <summary>Factor of each drop.</summary>
    public double Gamma { get; }

    /// <summary>Steps of the run before the first one here.</summary>
    public int Done { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => Math.Pow(Gamma, ((long)step + Done) / Every);
}
