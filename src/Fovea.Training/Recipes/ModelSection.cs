namespace Fovea.Training.Recipes;

/// <summary>Which network.</summary>
public sealed record ModelSection
{
    /// <summary>Preset; <c>vit-nano</c>.</summary>
    public string Name { get; init; } = "vit-nano";

    /// <summary>Attention mechanism with options, <c>name:key=value,...</c>; null: the preset's.</summary>
    public string? Attention { get; init; }

    /// <summary>Height and width of a picture in pixels; null: the preset's.</summary>
    public int? ImageSize { get; init; }
}
