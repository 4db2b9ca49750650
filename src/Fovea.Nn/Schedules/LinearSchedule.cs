namespace Fovea.Nn.Schedules;

/// <summary>From one factor to another along a line, then constant.</summary>
public sealed record LinearSchedule : Schedule
{
    /// <param name="start">Factor at step 0, 0 or more.</param>
    /// <param name="end">Factor from step <paramref name="steps"/> on, 0 or more.</param>
    /// <param name="steps">Length, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public LinearSchedule(double start, double end, int steps) => (Start, End, Steps) = (
        Check.AtLeast(0, start, "Linear schedule: start"), Check.AtLeast(0, end, "Linear schedule: end"), Check.AtLeast(0, steps, "Linear schedule: steps"));

    /// <summary>Factor at step 0.</summary>
    public double Start { get; }

    /// <summary>Factor at the end and after it.</summary>
    public double End { get; }

    /// <summary>Length in steps.</summary>
    public int Steps { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => step >= Steps ? End : LinearBetween(Start, End, (double)step / Steps);
}
