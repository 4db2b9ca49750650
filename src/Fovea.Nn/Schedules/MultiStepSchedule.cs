namespace Fovea.Nn.Schedules;

/// <summary>Times gamma at each milestone.</summary>
public sealed record MultiStepSchedule : Schedule
{
    /// <param name="milestones">Steps at which the factor drops.</param>
    /// <param name="gamma">Factor of each drop, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public MultiStepSchedule(IReadOnlyList<int> milestones, double gamma)
    {
        foreach (int milestone in milestones) Check.AtLeast(0, milestone, "Multi-step schedule: milestone");
        (Milestones, Gamma) = (milestones, Check.AtLeast(0, gamma, "Multi-step schedule: gamma"));
    }

    /// <summary>Steps at which the factor drops.</summary>
    public IReadOnlyList<int> Milestones { get; }

    /// <summary>Factor of each drop.</summary>
    public double Gamma { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => Math.Pow(Gamma, Milestones.Count(milestone => milestone <= step));
}
