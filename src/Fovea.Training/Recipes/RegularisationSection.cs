using Fovea.Nn.Optimization;

namespace Fovea.Training.Recipes;

/// <summary>Measures against overfitting.</summary>
public sealed record RegularisationSection
{
    /// <summary>timm's decay of the moving average, where it is only asked for.</summary>
    internal const double UsualEmaDecay = 0.9998;

    /// <summary>Share of the target that is spread over all classes, 0 to 1; 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Probability that a value is dropped, 0 to 1; null: the preset's.</summary>
    public double? Dropout { get; init; }

    /// <summary>Probability that the last block is skipped, 0 to 1, rising linearly over the blocks; null: the
    /// preset's.</summary>
    public double? DropPath { get; init; }

    /// <summary>Probability that a part of the image is erased, 0 to 1, in place of the transforms' own; null:
    /// theirs.</summary>
    public double? RandomErasing { get; init; }

    /// <summary>True: parts are erased with noise; false: with the mean colour.</summary>
    public bool ErasingNoise { get; init; }

    /// <summary>Alpha of mixup; 0: none.</summary>
    public double Mixup { get; init; }

    /// <summary>Alpha of CutMix; 0: none.</summary>
    public double CutMix { get; init; }

    /// <summary>Share of the batches that are mixed, 0 to 1; 1.</summary>
    public double MixProbability { get; init; } = 1;

    /// <summary>Share of CutMix where mixup is on too, 0 to 1; 0.5.</summary>
    public double MixSwitchProbability { get; init; } = 0.5;

    /// <summary>The loss takes each class by itself (binary cross-entropy), not one against the others; off.</summary>
    public bool BinaryLoss { get; init; }

    /// <summary>Factor of the loss of classes that an image has, beside <see cref="BinaryLoss"/> or where images have
    /// several classes; 1.</summary>
    public double PositiveWeight { get; init; } = 1;

    /// <summary>Decay of the moving average of weights that is evaluated, 0 to 1; null: none.</summary>
    public double? EmaDecay { get; init; }

    /// <summary>Smaller decays of that average at first; after t steps (1 + t) / (10 + t).</summary>
    public AverageWarmUp EmaWarmUp { get; init; }
}
