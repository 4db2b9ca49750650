using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>
/// Constant, then down to a last factor in the last part of the run (Hu et al. 2024, arXiv:2404.06395); with
/// <c>shape=sqrt</c> as one minus the root of the part's share (Hägele et al. 2024, arXiv:2405.18392).
/// </summary>
public sealed record WarmupStableDecaySchedule : Schedule
{
    private static readonly Option<double> Share = Option.Of("decay", ValueForm.Real(), 0.2,
        "share of the run behind the warm-up in which the rate falls, above 0, up to 1");

    private static readonly Option<double> Last = Option.Of("end", ValueForm.Real(), 0, "last factor, 0 to 1");

    private static readonly Option<bool> IsRoot = Option.Of("shape",
        ValueForm.Choice(("linear", false), ("sqrt", true)), false, "how it falls");

    /// <param name="stable">Steps at 1, 0 or more.</param>
    /// <param name="decay">Steps from 1 to the end, 1 or more.</param>
    /// <param name="end">Last factor, 0 to 1.</param>
    /// <param name="isRoot">Falls as one minus the root of the share of the steps, not along a line.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public WarmupStableDecaySchedule(int stable, int decay, double end = 0, bool isRoot = false)
    {
        StableSteps = Check.AtLeast(0, stable, "WSD schedule: stable steps");
        DecaySteps = Check.AtLeast(1, decay, "WSD schedule: decay steps");
        End = Check.Between(0, 1, end, "WSD schedule: end");
        FallsAsRoot = isRoot;
    }

    internal static ScheduleEntry Entry { get; } = new("wsd", [Share, Last, IsRoot], Create) { Lowest = Last };

    /// <summary>Steps at 1.</summary>
    public int StableSteps { get; }

    /// <summary>Steps from 1 to the end.</summary>
    public int DecaySteps { get; }

    /// <summary>Factor at the end and after it.</summary>
    public double End { get; }

    /// <summary>Falls as one minus the root of the share of the steps.</summary>
    public bool FallsAsRoot { get; }

    /// <inheritdoc/>
    public override double Factor(int step)
    {
        double done = Math.Clamp((double)(step - StableSteps) / DecaySteps, 0, 1);
        return LinearBetween(1, End, FallsAsRoot ? Math.Sqrt(done) : done);
    }

    private static WarmupStableDecaySchedule Create(OptionValues values, ScheduleRun run)
    {
        double share = values.Of(Share);
        if (share is not (> 0 and <= 1))
            throw new UsageException($"WSD schedule: decay must be above 0, up to 1, got {share}.");
        int all = run.Steps(run.Epochs), decay = Math.Clamp(run.Steps(share * run.Epochs), 1, all);
        return new(all - decay, decay, values.Of(Last), values.Of(IsRoot));
    }
}
