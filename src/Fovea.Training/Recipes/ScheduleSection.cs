namespace Fovea.Training.Recipes;

/// <summary>How the learning rate changes.</summary>
public sealed record ScheduleSection
{
    /// <summary>Form of the curve; cosine.</summary>
    public ScheduleKind Kind { get; init; }

    /// <summary>Epochs, or a part of one, in which the rate rises from near zero; 1.</summary>
    public double WarmupEpochs { get; init; } = 1;

    /// <summary>Where the cosine ends; 0.</summary>
    public double MinimumLearningRate { get; init; }

    /// <summary>Epochs between steps, or the epochs of a multi-step schedule; 30.</summary>
    public EpochList DecayEpochs { get; init; } = new(30);

    /// <summary>Factor at each step, 0 to 1; 0.1.</summary>
    public double DecayRate { get; init; } = 0.1;
}
