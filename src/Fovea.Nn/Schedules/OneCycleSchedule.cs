using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>
/// Up from 1/divisor to 1, then down to far below, momentum running the other way (Smith and Topin 2019,
/// arXiv:1708.07120), with the phase boundaries of PyTorch's OneCycleLR. The base learning rate is the highest one.
/// </summary>
public sealed record OneCycleSchedule : Schedule
{
    private static readonly Option<double> RiseShare = Option.Of("rise", ValueForm.Real(), 0.3,
        "share of the steps that rise, 0 to 1");
    private static readonly Option<double> StartDivisor = Option.Of("divisor", ValueForm.Real(), 25,
        "the first factor is 1 / this, 1 or more");

    private static readonly Option<double> EndDivisor =
        Option.Of("final-divisor", ValueForm.Real(), 1e4, "the last factor is the first one / this, 1 or more");

    private static readonly Option<bool> IsLinear = Option.Of("linear", ValueForm.Flag(), false,
        "straight lines instead of half cosines");

    private static readonly Option<bool> HasThreePhases =
        Option.Of("three-phase", ValueForm.Flag(), false, "fall as long as the rise, and only then to the last factor");

    private static readonly Option<double> LowestMomentum = Option.Of("low-momentum", ValueForm.Real(), 0.85,
        "momentum at the top, 0 to 1");
    private static readonly Option<double> HighestMomentum = Option.Of("high-momentum", ValueForm.Real(), 0.95,
        "momentum at both ends, 0 to 1");

    /// <param name="steps">Length of the cycle, 2 or more; afterwards the last factor stays.</param>
    /// <exception cref="UsageException">The length is out of range.</exception>
    public OneCycleSchedule(int steps) => Steps = Check.AtLeast(2, steps, "One-cycle: steps");

    internal static ScheduleEntry Entry { get; } = new(
        "one-cycle",
        [RiseShare, StartDivisor, EndDivisor, IsLinear, HasThreePhases, LowestMomentum, HighestMomentum],
        (values, run) => new OneCycleSchedule(run.Steps(run.Epochs))
        {
            Rise = values.Of(RiseShare),
            Divisor = values.Of(StartDivisor),
            FinalDivisor = values.Of(EndDivisor),
            Linear = values.Of(IsLinear),
            ThreePhase = values.Of(HasThreePhases),
            LowMomentum = values.Of(LowestMomentum),
            HighMomentum = values.Of(HighestMomentum),
        })
    { Rises = true };

    /// <summary>Length of the cycle.</summary>
    public int Steps { get; }

    /// <summary>Share of the steps that rise, 0 to 1.</summary>
    public double Rise { get; init => field = Check.Between(0, 1, value, "One-cycle: rise"); } = RiseShare.Default;

    /// <summary>The first factor is 1 / this.</summary>
    public double Divisor
    {
        get; init => field = Check.AtLeast(1, value, "One-cycle: divisor");
    } = StartDivisor.Default;

    /// <summary>The last factor is the first one / this.</summary>
    public double FinalDivisor
    {
        get; init => field = Check.AtLeast(1, value, "One-cycle: final divisor");
    } = EndDivisor.Default;

    /// <summary>Straight lines instead of half cosines.</summary>
    public bool Linear { get; init; }

    /// <summary>Fall as long as the rise, back to the first factor, and only then to the last.</summary>
    public bool ThreePhase { get; init; }

    /// <summary>Momentum at the top, where the rate is highest; 0 to 1.</summary>
    public double LowMomentum
    {
        get; init => field = Check.Between(0, 1, value, "One-cycle: low momentum");
    } = LowestMomentum.Default;

    /// <summary>Momentum at both ends; 0 to 1.</summary>
    public double HighMomentum
    {
        get; init => field = Check.Between(0, 1, value, "One-cycle: high momentum");
    } = HighestMomentum.Default;

    /// <inheritdoc/>
    public override double Factor(int step) =>
        At(step, 1 / Divisor, 1, ThreePhase ? 1 / Divisor : null, 1 / (Divisor * FinalDivisor));

    /// <inheritdoc/>
    public override double? Momentum(int step) =>
        At(step, HighMomentum, LowMomentum, ThreePhase ? HighMomentum : null, HighMomentum);

    /// <summary>The value at a step of a curve first → top → (middle →) last; phases end at fractional steps, as in
    /// PyTorch.</summary>
    private double At(int step, double first, double top, double? middle, double last)
    {
        double rise = Rise * Steps - 1, fall = 2 * Rise * Steps - 2, end = Steps - 1;
        if (step <= rise) return Between(first, top, step, 0, rise);
        if (middle is not { } value) return Between(top, last, step, rise, end);
        return step <= fall ? Between(top, value, step, rise, fall) : Between(value, last, step, fall, end);
    }

    private double Between(double from, double to, int step, double start, double end)
    {
        double part = end > start ? Math.Min(1, (step - start) / (end - start)) : 1;
        return Linear ? LinearBetween(from, to, part) : CosineBetween(from, to, part);
    }
}
