namespace Fovea.Training.Recipes;

/// <summary>Learning from another model besides the labels.</summary>
public sealed record DistillationSection
{
    /// <summary>Run directory, checkpoint or file of weights of the model to learn from; null: none.</summary>
    public string? Teacher { get; init; }

    /// <summary>Target that is learned from it; <see cref="DistillationKind.Hard"/>.</summary>
    public DistillationKind Kind { get; init; }

    /// <summary>Share of the teacher in the loss, 0 to 1; null: 0.1 for soft distillation and 0.5 for the
    /// others.</summary>
    public double? Alpha { get; init; }

    /// <summary>Features are learned, not classes.</summary>
    internal bool IsOfFeatures => Kind is DistillationKind.Feature or DistillationKind.Token;

    /// <summary>That share, or the usual one.</summary>
    internal double UsedAlpha => Alpha ?? (Kind == DistillationKind.Soft ? 0.1 : 0.5);

    /// <summary>Temperature of soft distillation; 3.</summary>
    public double Temperature { get; init; } = 3;
}
