namespace Fovea.Nn.Schedules;

/// <summary>
/// Up from 1/divisor to 1, then down to far below, momentum running the other way (Smith and Topin 2019, arXiv:1708.07120), with the
/// phase boundaries of PyTorch's OneCycleLR. The base learning rate is the highest one.
/// </summary>
public sealed record OneCycleSchedule : Schedule
{
    /// <param name="steps">Length of the cycle, 2 or more; afterwards the last factor stays.</param>
    /// <exception cref="UsageException">The length is out of range.</exception>
    public OneCycleSchedule(int steps) => Steps = Check.AtLeast(2, steps, "One-cycle: steps");

    /// <summary>Length of the cycle.</summary>
    public int Steps { get; }

    /// <summary>Share of the steps that rise, 0 to 1.</summary>
    public double Rise { get; init => field = Check.Between(0, 1, value, "One-cycle: rise"); } = 0.3;

    /// <summary>The first factor is 1 / this.</summary>
    public double Divisor { get; init => field = Check.AtLeast(1, value, "One-cycle: divisor"); } = 25;

    /// <summary>The last factor is the first one / this.</summary>
    public double FinalDivisor { get; init => field = Check.AtLeast(1, value, "One-cycle: final divisor"); } = 1e4;

    /// <summary>Straight lines instead of half cosines.</summary>
    public bool Linear { get; init; }

    /// <summary>Fall as long as the rise, back to the first factor, and only then to the last.</summary>
    public bool ThreePhase { get; init; }

    /// <summary>Momentum at the top, where the rate is highest; 0 to 1.</summary>
    public double LowMomentum { get; init => field = Check.Between(0, 1, value, "One-cycle: low momentum"); } = 0.85;

    /// <summary>Momentum at both ends; 0 to 1.</summary>
    public double HighMomentum { get; init => field = Check.Between(0, 1, value, "One-cycle: high momentum"); } = 0.95;

    /// <inheritdoc/>
    public override double Factor(int step) => At(step, 1 / Divisor, 1, ThreePhase ? 1 / Divisor : null, 1 / (Divisor * FinalDivisor));

    /// <inheritdoc/>
    public override double? Momentum(int step) => At(step, HighMomentum, LowMomentum, ThreePhase ? HighMomentum : null, HighMomentum);

    /// <summary>The value at a step of a curve first → top → (middle →) last; phases end at fractional steps, as in PyTorch.</summary>
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
