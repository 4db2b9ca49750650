using Fovea.Nn.Schedules;

namespace Fovea.Training.Recipes;

/// <summary>The learning rate over time.</summary>
public sealed record ScheduleSection
{
    /// <summary>Form of the curve with options, <c>name:key=value,...</c>; <c>cosine</c>.</summary>
    public ScheduleSpec Form { get; init; } = "cosine";

    /// <summary>Epochs, or a part of one, in which the rate rises from near zero; null: a tenth of all, 1 at
    /// most.</summary>
    public double? WarmupEpochs { get; init; }

    /// <summary>Rate that the warm-up starts at; null: that of its first step, so that none is wasted on 0.</summary>
    public double? WarmupLearningRate { get; init; }

    /// <summary>Smallest rate, at the end of a cosine or linear schedule; 0.</summary>
    public double MinimumLearningRate { get; init; }
}
