namespace Fovea.Training.Recipes;

/// <summary>What keeps the network from learning by heart.</summary>
public sealed record RegularisationSection
{
    /// <summary>Share of the target that is spread over all classes, 0 to 1; 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Probability that a value is dropped, 0 to 1; null: the preset's.</summary>
    public double? Dropout { get; init; }

    /// <summary>Probability that the last block is skipped, 0 to 1, rising linearly over the blocks; null: the preset's.</summary>
    public double? DropPath { get; init; }

    /// <summary>Decay of the moving average of weights that is evaluated, 0 to 1; null: none.</summary>
    public double? EmaDecay { get; init; }
}
