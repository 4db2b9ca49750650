namespace Fovea.Nn.Schedules;

/// <summary>Schedules one after another, each counting its own steps from 0.</summary>
public sealed record SequentialSchedule : Schedule
{
    /// <param name="parts">The schedules.</param>
    /// <param name="milestones">Steps at which the second, third, ... begin; rising.</param>
    /// <exception cref="UsageException">There must be one milestone less than parts, in rising order.</exception>
    public SequentialSchedule(IReadOnlyList<Schedule> parts, IReadOnlyList<int> milestones)
    {
        Check.That(parts.Count == milestones.Count + 1,
            $"Sequential schedule: {parts.Count} parts need {parts.Count - 1} milestones, got {milestones.Count}.");
        for (int i = 0; i < milestones.Count; i++)
            Check.AtLeast(i == 0 ? 0 : milestones[i - 1], milestones[i], $"Sequential schedule: milestone {i + 1}");
        Parts = parts;
        Milestones = milestones;
    }

    /// <summary>The schedules.</summary>
    public IReadOnlyList<Schedule> Parts { get; }

    /// <summary>Steps at which the second, third, ... begin.</summary>
    public IReadOnlyList<int> Milestones { get; }

    /// <inheritdoc/>
    public override double Factor(int step)
    {
        (Schedule part, int own) = Find(step);
        return part.Factor(own);
    }

    /// <inheritdoc/>
    public override double? Momentum(int step)
    {
        (Schedule part, int own) = Find(step);
        return part.Momentum(own);
    }

    private (Schedule Part, int Step) Find(int step)
    {
        int index = Milestones.Count(milestone => milestone <= step);
        return (Parts[index], index == 0 ? step : step - Milestones[index - 1]);
    }
}
