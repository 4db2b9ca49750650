namespace Fovea.Training.Recipes;

/// <summary>Which network.</summary>
public sealed record ModelSection
{
    /// <summary>Preset; <c>vit-nano</c>.</summary>
    public string Name { get; init; } = "vit-nano";

    /// <summary>Attention mechanism with options, <c>name:key=value,...</c>, or one per block; null: the preset's.</summary>
    public string? Attention { get; init; }

    /// <summary>How an image becomes tokens, <c>patch</c>, <c>convolution</c> or <c>tokenizer</c>; null: the preset's.</summary>
    public string? Embedding { get; init; }

    /// <summary>How tokens learn where they are, <c>learned</c>, <c>sincos2d</c>, <c>sincos1d</c> or <c>none</c>; null: the preset's.</summary>
    public string? Position { get; init; }

    /// <summary>Deviation of the first learned positions; null: the preset's.</summary>
    public double? PositionInit { get; init; }

    /// <summary>First weights of the blocks, <c>truncatednormal</c> or <c>xavier</c>; null: the preset's.</summary>
    public string? WeightInit { get; init; }

    /// <summary>Side of a patch in pixels; null: the preset's.</summary>
    public int? PatchSize { get; init; }

    /// <summary>File of weights or run directory that training starts from; null: drawn ones.</summary>
    public string? Weights { get; init; }

    /// <summary>The weights must fit exactly: nothing missing, left over or resized.</summary>
    public bool Strict { get; init; }

    /// <summary>Height and width of an image in pixels; null: the preset's.</summary>
    public int? ImageSize { get; init; }
}
