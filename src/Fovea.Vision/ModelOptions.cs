using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Vision;

/// <summary>
/// Options that a recipe may ask of any model; null: not asked for, or not among the options of the model's family. A
/// family takes those that it has (<see cref="ModelConfig.Apply"/>) and tells their values
/// (<see cref="ModelConfig.Describe"/>).
/// </summary>
public sealed record ModelOptions
{
    /// <summary>Attention mechanism of each block.</summary>
    public AttentionList? Attention { get; init; }

    /// <summary>Gate behind the attention mechanism.</summary>
    public AttentionGate? AttentionGate { get; init; }

    /// <summary>Form of the patch embedding.</summary>
    public EmbeddingKind? Embedding { get; init; }

    /// <summary>Position of tokens: how they know where they are.</summary>
    public PositionList? Position { get; init; }

    /// <summary>Elements of a token.</summary>
    public int? Dim { get; init; }

    /// <summary>Blocks.</summary>
    public int? Depth { get; init; }

    /// <summary>Attention heads.</summary>
    public int? Heads { get; init; }

    /// <summary>Elements of a head's query.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Hidden elements of the MLP for each element of a token; 0: no MLP.</summary>
    public double? MlpRatio { get; init; }

    /// <summary>Form of the MLP.</summary>
    public MlpKind? Mlp { get; init; }

    /// <summary>The norms.</summary>
    public NormKind? Norm { get; init; }

    /// <summary>Queries and keys are normed.</summary>
    public bool? QkNorm { get; init; }

    /// <summary>Attention and MLP of a block run side by side.</summary>
    public bool? ParallelBlocks { get; init; }

    /// <summary>First value of the factors at the end of each branch; 0: there are none.</summary>
    public float? LayerScale { get; init; }

    /// <summary>Register tokens.</summary>
    public int? Registers { get; init; }

    /// <summary>Way from tokens to one vector.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>Rows and columns of patches that fixed positions are made for.</summary>
    public int? PositionGrid { get; init; }

    /// <summary>Standard deviation of the first learned positions, above 0.</summary>
    public float? PositionStd { get; init; }

    /// <summary>First values of the blocks' weight matrices.</summary>
    public WeightInit? WeightInit { get; init; }

    /// <summary>Side of a patch, pixels.</summary>
    public int? PatchSize { get; init; }

    /// <summary>Dropout; at least 0 and below 1.</summary>
    public float? Dropout { get; init; }

    /// <summary>Share of samples that skip a branch of the last block; at least 0 and below 1.</summary>
    public float? DropPath { get; init; }

    /// <summary>For families that have none of these options, or few.</summary>
    /// <param name="family">The family in a sentence, e.g. <c>a residual network</c>.</param>
    /// <param name="known">Fields of a recipe that the family has.</param>
    /// <exception cref="UsageException">Another one is asked for; a probability of 0 asks for nothing.</exception>
    public void RequireOnly(string family, params string[] known)
    {
        foreach ((string field, object? value) in Entries())
        {
            bool isAsked = field is "dropout" or "drop-path" ? value is > 0f : value is not null;
            if (isAsked && !known.Contains(field)) throw new UsageException($"{family} has none.") { Field = field };
        }
    }

    /// <summary>Fields of a recipe whose values are others, where both have one.</summary>
    internal IEnumerable<string> Differences(ModelOptions other) => Entries().Zip(other.Entries())
        .Where(pair => pair.First.Value is { } own && pair.Second.Value is { } others && !own.Equals(others))
        .Select(pair => pair.First.Field);

    private (string Field, object? Value)[] Entries() =>
        [
            ("attention", Attention),
            ("attention-gate", AttentionGate),
            ("embedding", Embedding),
            ("position", Position),
            ("dim", Dim),
            ("depth", Depth),
            ("heads", Heads),
            ("head-dim", HeadDim),
            ("mlp-ratio", MlpRatio),
            ("mlp", Mlp),
            ("norm", Norm),
            ("qk-norm", QkNorm),
            ("parallel-blocks", ParallelBlocks),
            ("layer-scale", LayerScale),
            ("registers", Registers),
            ("pooling", Pooling),
            ("position-grid", PositionGrid),
            ("position-init", PositionStd),
            ("weight-init", WeightInit),
            ("patch-size", PatchSize),
            ("dropout", Dropout),
            ("drop-path", DropPath),
        ];
}
