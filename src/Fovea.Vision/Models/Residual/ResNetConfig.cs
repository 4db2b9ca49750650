namespace Fovea.Vision.Models.Residual;

/// <summary>Description of a residual network.</summary>
public sealed record ResNetConfig : ModelConfig
{
    /// <summary>Form of the blocks.</summary>
    public ResidualKind Block { get; init; } = ResidualKind.Basic;

    /// <summary>Blocks of each stage, 1 or more; each stage but the first halves the image.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [2, 2, 2, 2];

    /// <summary>Channels inside the blocks of each stage; the first is also the stem's.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [64, 128, 256, 512];

    /// <summary>The stem for small images: a 3x3 convolution at full size instead of 7x7 with stride 2 and a max
    /// pool.</summary>
    public bool SmallStem { get; init; }

    /// <summary>Blocks begin as the identity: their last norm's scale is 0 (Goyal et al. 2017, arXiv:1706.02677,
    /// section 5.1) [zero_init_residual].</summary>
    public bool ZeroBranches { get; init; }

    /// <summary>Share of samples that skip the branch of the last block, rising linearly from 0 in the first; below 1
    /// (Huang et al. 2016, arXiv:1603.09382) [drop_path_rate].</summary>
    public float DropPath { get; init; }

    /// <summary>ε of the batch norms, above 0.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>A batch's share in the running statistics, 0 to 1.</summary>
    public float NormMomentum { get; init; } = 0.1f;

    /// <inheritdoc/>
    public override ResNet Build() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        ValidateSizes();
        Check.AtLeast(1, Layers.Count, $"{nameof(Layers)}: stages");
        Check.That(Layers.Count == Widths.Count,
            $"{nameof(Widths)}: there are {Widths.Count} for {Layers.Count} stages.");
        Check.That(NormEpsilon > 0, $"{nameof(NormEpsilon)} must be above 0, got {NormEpsilon}.");
        Check.Probability(DropPath, nameof(DropPath));
        Check.Between(0, 1, NormMomentum, nameof(NormMomentum));
        foreach (int layers in Layers) Check.Between(1, 10_000, layers, nameof(Layers));
        foreach (int width in Widths) Check.Between(1, 1 << 20, width, nameof(Widths));
    }

    /// <inheritdoc/>
    public override ResNetConfig Apply(ModelOptions changes)
    {
        changes.RequireOnly("a residual network", "drop-path");
        return this with { DropPath = changes.DropPath ?? DropPath };
    }

    /// <inheritdoc/>
    public override ModelOptions Describe() => new() { DropPath = DropPath };

    /// <inheritdoc/>
    public bool Equals(ResNetConfig? other) => other is not null && base.Equals(other) && Block == other.Block
        && DropPath == other.DropPath
        && SmallStem == other.SmallStem
        && ZeroBranches == other.ZeroBranches && NormEpsilon == other.NormEpsilon && NormMomentum == other.NormMomentum
        && Layers.SequenceEqual(other.Layers) && Widths.SequenceEqual(other.Widths);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(base.GetHashCode(), Block, SmallStem, ZeroBranches, NormEpsilon, NormMomentum, Layers.Sum(),
            HashCode.Combine(Widths.Sum(), DropPath));
}
