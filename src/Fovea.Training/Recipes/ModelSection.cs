using Fovea.Data;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Training.Recipes;

/// <summary>The network.</summary>
public sealed record ModelSection
{
    /// <summary>Images up to this size are small: their models take any size, and need no resizing.</summary>
    private const int SmallImage = 64;

    /// <summary>Value of <see cref="Pretrained"/> for the first published weights of the model itself.</summary>
    public const string OwnWeights = "true";

    /// <summary>Preset; <c>vit-nano</c>.</summary>
    public string Name { get; init; } = "vit-nano";

    /// <summary>Attention mechanism with options, or one per block; null: the preset's.</summary>
    public AttentionList? Attention { get; init; }

    /// <summary>Embedding that makes tokens of an image; null: the preset's.</summary>
    public EmbeddingKind? Embedding { get; init; }

    /// <summary>Gate behind the attention mechanism; null: the preset's.</summary>
    public AttentionGate? AttentionGate { get; init; }

    /// <summary>Position of tokens: how they know where they are; null: the preset's.</summary>
    public PositionList? Position { get; init; }

    /// <summary>Rows and columns of patches that fixed positions are made for; null: those of the weights, or of the
    /// images.</summary>
    public int? PositionGrid { get; init; }

    /// <summary>Epoch of attention's windows at the start of training; null: that of the weights, or 0.</summary>
    public int? AttentionEpoch { get; init; }

    /// <summary>Elements of a token; null: the preset's.</summary>
    public int? Dim { get; init; }

    /// <summary>Blocks; null: the preset's.</summary>
    public int? Depth { get; init; }

    /// <summary>Attention heads; null: the preset's.</summary>
    public int? Heads { get; init; }

    /// <summary>Elements of a head's query; null: the preset's.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Hidden elements of the MLP for each element of a token, 0 for no MLP; null: the preset's.</summary>
    public double? MlpRatio { get; init; }

    /// <summary>Form of the MLP; null: the preset's.</summary>
    public MlpKind? Mlp { get; init; }

    /// <summary>The norms; null: the preset's.</summary>
    public NormKind? Norm { get; init; }

    /// <summary>Queries and keys are normed head by head.</summary>
    public bool QkNorm { get; init; }

    /// <summary>Attention and MLP of a block read the same normed tokens.</summary>
    public bool ParallelBlocks { get; init; }

    /// <summary>First value of the factors at the end of each branch, 0 for none; null: the preset's.</summary>
    public double? LayerScale { get; init; }

    /// <summary>Register tokens; null: the preset's.</summary>
    public int? Registers { get; init; }

    /// <summary>Way from tokens to one vector; null: the preset's.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Std of the first learned positions; null: the preset's.</summary>
    public double? PositionInit { get; init; }

    /// <summary>First weights of the blocks; null: the preset's.</summary>
    public WeightInit? WeightInit { get; init; }

    /// <summary>Side of a patch in pixels; null: the preset's.</summary>
    public int? PatchSize { get; init; }

    /// <summary>File of weights or run directory that training starts from; null: drawn ones.</summary>
    public string? Weights { get; init; }

    /// <summary>Published weights that training starts from, if <see cref="Weights"/> names none: a name in the list, a
    /// file, or <see cref="OwnWeights"/>; null: none.</summary>
    public string? Pretrained { get; init; }

    /// <summary>The weights must fit exactly: nothing missing, left over or resized.</summary>
    public bool Strict { get; init; }

    /// <summary>The weights may lack tensors of the model, or have blocks that it lacks.</summary>
    public bool AllowPartial { get; init; }

    /// <summary>Height and width of an image in pixels; null: the preset's.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Height and width of an image in pixels where a dataset is learned.</summary>
    /// <param name="preset">That of the name.</param>
    /// <param name="data">The dataset; null: unknown.</param>
    internal int SizeFor(ModelConfig preset, DatasetInfo? data) => ImageSize
        ?? (data is not null && preset.ImageSize <= SmallImage && data.Height == data.Width && data.Height <= SmallImage
            ? data.Height : preset.ImageSize);
}
