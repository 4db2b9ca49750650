namespace Fovea.Nn.Schedules;

/// <summary>Factor 1 throughout.</summary>
public sealed record ConstantSchedule : Schedule
{
    internal static ScheduleEntry Entry { get; } = new("constant", [], (_, _) => new ConstantSchedule());

    /// <inheritdoc/>
    public override double Factor(int step) => 1;
}
