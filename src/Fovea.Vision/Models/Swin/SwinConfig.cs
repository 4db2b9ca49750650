using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Swin;

/// <summary>Description of a Swin Transformer: stages of blocks, of which each has half the rows and columns, twice the
/// elements and twice the heads of the one before.</summary>
public sealed record SwinConfig : ModelConfig
{
    private const string Family = "a Swin Transformer";
    private const int MostStages = 8;

    /// <summary>Options of blocks and tokens that the family has.</summary>
    private static readonly string[] Known =
    [
        "attention", "attention-gate", "position", "position-grid", "dim", "heads", "head-dim", "mlp-ratio", "mlp",
        "norm", "qk-norm", "parallel-blocks", "layer-scale", "weight-init", "patch-size", "dropout", "drop-path",
    ];

    /// <summary>
    /// Description of the first stage as a Vision Transformer's: size of a patch, of tokens, heads and MLP, and every
    /// part of a block. Its image, channels, classes, depth and pooling do not count.
    /// </summary>
    public required VisionTransformerConfig FirstStage { get; init; }

    /// <summary>Blocks of each stage, 1 or more [depths].</summary>
    public StageSizes Depths { get; init; } = [2, 2, 6, 2];

    /// <inheritdoc/>
    public override SwinTransformer Build() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        ValidateSizes();
        Check.Between(1, MostStages, Depths.Count, $"{nameof(Depths)}: stages");
        foreach (int depth in Depths) Check.Between(1, 10_000, depth, nameof(Depths));
        if (FirstStage.Position.OfTokens != PositionKind.None)
            throw new UsageException($"{Family} adds no positions to its tokens; take rope, ropemixed, relative, alibi "
                + "or none.")
            { Field = "position" };
        (FirstStage with { ImageSize = ImageSize, Channels = Channels, Classes = Classes, Depth = Depths.Sum() })
            .Validate();
        for (int stage = 0; stage < Depths.Count; stage++) Stage(stage).Validate();
    }

    /// <inheritdoc/>
    public override SwinConfig Apply(ModelOptions changes)
    {
        if (changes.Depth is not null) throw Refused("depth", $"has stages of {Depths} blocks");
        if (changes.Registers > 0) throw Refused("registers", "has no token that is not a patch");
        if (changes.Pooling is not (null or Pooling.Mean)) throw Refused("pooling", "takes the mean of the patches");
        changes.RequireOnly(Family, [.. Known, "pooling", "registers"]);
        return this with { FirstStage = FirstStage.Apply(changes) };
    }

    /// <inheritdoc/>
    public override ModelOptions Describe() => (FirstStage with { ImageSize = ImageSize }).Describe() with
    {
        Depth = null,
        Registers = null,
        Pooling = null,
        Embedding = null,
        PositionStd = null,
    };

    /// <inheritdoc/>
    public override ModelSizes Measure() => new(FirstStage.Dim, Depths.Sum(), FirstStage.Heads);

    /// <summary>A stage as a Vision Transformer whose patches are its tokens.</summary>
    /// <param name="stage">From 0.</param>
    internal VisionTransformerConfig Stage(int stage) => FirstStage with
    {
        ImageSize = GridOf(stage, ImageSize, ImageSize).Rows,
        PatchSize = 1,
        Channels = Channels,
        Classes = Classes,
        Dim = FirstStage.Dim << stage,
        Heads = FirstStage.Heads << stage,
        MlpDim = FirstStage.MlpDim << stage,
        Depth = Depths[stage],
        PositionGrid = FirstStage.PositionGrid is int side ? Halved(side, stage) : null,
        Attention = FirstStage.Attention.Part(Depths.Take(stage).Sum(), Depths[stage]),
    };

    /// <summary>The tokens of a stage; an odd row or column has a merged token of its own.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    internal TokenGrid GridOf(int stage, int height, int width)
    {
        (int rows, int columns) = (height / FirstStage.PatchSize, width / FirstStage.PatchSize);
        return new(0, Halved(rows, stage), Halved(columns, stage));
    }

    private static int Halved(int side, int times)
    {
        for (int i = 0; i < times; i++) side = (side + 1) / 2;
        return side;
    }

    private static UsageException Refused(string field, string sentence) => new($"{Family} {sentence}.")
    { Field = field };
}
