namespace Fovea.Nn.Schedules;

/// <summary>
/// A learning rate over time as a pure function: a factor of the base rate for each optimiser step, counted from 0.
/// Nothing has to be stored to resume.
/// </summary>
public abstract record Schedule
{
    /// <summary>Factor of the base learning rate at a step, counted from 0.</summary>
    public abstract double Factor(int step);

    /// <summary>Momentum (or Adam's β1) at a step, or null to leave it alone.</summary>
    public virtual double? Momentum(int step) => null;

    /// <summary>A linear rise, then <paramref name="then"/> from its own step 0.</summary>
    /// <param name="steps">Length of the rise; 0 for none.</param>
    /// <param name="then">What follows.</param>
    /// <param name="start">
    /// First factor; step s has start + (1 − start) · s / steps. Null: (s + 1) / steps, so that no step is wasted on a
    /// rate of 0.
    /// </param>
    /// <exception cref="UsageException">A negative length.</exception>
    public static Schedule WarmUp(int steps, Schedule then, double? start = null)
    {
        Check.AtLeast(0, steps, "Schedule: warm-up steps");
        if (steps == 0) return then;
        LinearSchedule rise = start is { } first ? new(first, 1, steps) : new(1.0 / steps, 1, steps - 1);
        return new SequentialSchedule([rise, then], [steps]);
    }

    /// <summary>from · (1 − p) + to · p along half a cosine: 0 → from, 1 → to.</summary>
    private protected static double CosineBetween(double from, double to, double part) =>
        to + (from - to) * (1 + Math.Cos(Math.PI * part)) / 2;

    /// <summary>from · (1 − p) + to · p.</summary>
    private protected static double LinearBetween(double from, double to, double part) => from + (to - from) * part;
}
