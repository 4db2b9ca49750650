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

    /// <summary>Form of the patch embedding.</summary>
    public EmbeddingKind? Embedding { get; init; }

    /// <summary>Form of the position embedding.</summary>
    public PositionKind? Position { get; init; }

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
        (string Field, bool Asked)[] options =
        [
            ("attention", Attention is not null),
            ("embedding", Embedding is not null),
            ("position", Position is not null),
            ("position-init", PositionStd is not null),
            ("weight-init", WeightInit is not null),
            ("patch-size", PatchSize is not null),
            ("dropout", Dropout > 0),
            ("drop-path", DropPath > 0),
        ];
        foreach ((string field, bool asked) in options)
            if (asked && !known.Contains(field)) throw new UsageException($"{family} has none.") { Field = field };
    }
}
