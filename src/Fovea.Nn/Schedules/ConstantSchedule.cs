namespace Fovea.Nn.Schedules;

/// <summary>Factor 1 throughout.</summary>
public sealed record ConstantSchedule : Schedule
{
    /// <inheritdoc/>
    public override double Factor(int step) => 1;
}
