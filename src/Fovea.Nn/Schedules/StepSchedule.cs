namespace Fovea.Nn.Schedules;

/// <summary>Times gamma after every so many steps: gamma^⌊step / every⌋. With <c>every</c> 1 it is the exponential schedule.</summary>
public sealed record StepSchedule : Schedule
{
    /// <param name="every">Steps between two drops, 1 or more.</param>
    /// <param name="gamma">Factor of each drop, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public StepSchedule(int every, double gamma) =>
        (Every, Gamma) = (Check.AtLeast(1, every, "Step schedule: size"), Check.AtLeast(0, gamma, "Step schedule: gamma"));

    /// <summary>Steps between two drops.</summary>
    public int Every { get; }

    /// <summary>Factor of each drop.</summary>
    public double Gamma { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => Math.Pow(Gamma, step / Every);
}
