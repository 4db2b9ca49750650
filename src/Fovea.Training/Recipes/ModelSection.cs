using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Training.Recipes;

/// <summary>The network.</summary>
public sealed record ModelSection
{
    /// <summary>Preset; <c>vit-nano</c>.</summary>
    public string Name { get; init; } = "vit-nano";

    /// <summary>Attention mechanism with options, or one per block; null: the preset's.</summary>
    public AttentionList? Attention { get; init; }

    /// <summary>Embedding that makes tokens of an image; null: the preset's.</summary>
    public EmbeddingKind? Embedding { get; init; }

    /// <summary>Position embedding; null: the preset's.</summary>
    public PositionKind? Position { get; init; }

    /// <summary>Std of the first learned positions; null: the preset's.</summary>
    public double? PositionInit { get; init; }

    /// <summary>First weights of the blocks; null: the preset's.</summary>
    public WeightInit? WeightInit { get; init; }

    /// <summary>Side of a patch in pixels; null: the preset's.</summary>
    public int? PatchSize { get; init; }

    /// <summary>File of weights or run directory that training starts from; null: drawn ones.</summary>
    public string? Weights { get; init; }

    /// <summary>Training starts from the model's published weights, if they are on this machine and
    /// <see cref="Weights"/> names none.</summary>
    public bool Pretrained { get; init; }

    /// <summary>The weights must fit exactly: nothing missing, left over or resized.</summary>
    public bool Strict { get; init; }

    /// <summary>The weights may lack tensors of the model, or have blocks that it lacks.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>Height and width of an image in pixels; null: the preset's.</summary>
    public int? ImageSize { get; init; }
}
