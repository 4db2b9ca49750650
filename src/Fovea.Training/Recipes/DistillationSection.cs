namespace Fovea.Training.Recipes;

/// <summary>Learning from another model besides the labels.</summary>
public sealed record DistillationSection
{
    /// <summary>Run directory or checkpoint of the model to learn from; null: none.</summary>
    public string? Teacher { get; init; }

    /// <summary>Target that is learned from it; <see cref="DistillationKind.Hard"/>.</summary>
    public DistillationKind Kind { get; init; }

    /// <summary>Share of the teacher in the loss, 0 to 1; null: 0.5 for hard and 0.1 for soft distillation, as
    /// published.</summary>
    public double? Alpha { get; init; }

    /// <summary>That share, or the published one.</summary>
    internal double UsedAlpha => Alpha ?? (Kind == DistillationKind.Soft ? 0.1 : 0.5);

    /// <summary>Temperature of soft distillation; 3.</summary>
    public double Temperature { get; init; } = 3;
}
