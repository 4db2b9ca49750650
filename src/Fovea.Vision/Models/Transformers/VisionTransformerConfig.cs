using Fovea.Core.Options;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Transformers;

/// <summary>Description of a Vision Transformer. Names of timm's arguments stand in brackets where they
/// differ.</summary>
public sealed record VisionTransformerConfig : ModelConfig
{
    private const int MostElements = 1 << 20;
    private const int MostBlocks = 10_000;
    private const int MostPatchesPerSide = 512;   // 262,144 tokens

    /// <summary>Side of a square patch, pixels; divides the image.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Elements of a token, 1 or more [embed_dim].</summary>
    public required int Dim { get; init; }

    /// <summary>Blocks, 1 or more.</summary>
    public required int Depth { get; init; }

    /// <summary>Attention heads, 1 or more; divide <see cref="Dim"/> unless <see cref="HeadDim"/> is given
    /// [num_heads].</summary>
    public required int Heads { get; init; }

    /// <summary>Elements of a head's query; null: Dim / Heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>Elements that the MLP's second layer takes; null: 4 · Dim; 0: no MLP at all [mlp_ratio ·
    /// embed_dim].</summary>
    public int? MlpDim { get; init; }

    /// <summary>The MLP's first layer gives pairs, of which one gates the other; with SiLU this is SwiGLU
    /// [mlp_layer=SwiGLUPacked].</summary>
    public bool GatedMlp { get; init; }

    /// <summary>The norm before the MLP lies on the residual path too: x ← norm2(x), x ← x + mlp(x), as in compact
    /// transformers' code.</summary>
    public bool NormedResidual { get; init; }

    /// <summary>Bias in the query, key and value projection.</summary>
    public bool QkvBias { get; init; } = true;

    /// <summary>Bias of keys beside that of queries and values, where there is one; false for DINOv3, whose bias of
    /// keys is masked [mask_k_bias].</summary>
    public bool KeyBias { get; init; } = true;

    /// <summary>Bias in attention's output projection [proj_bias].</summary>
    public bool ProjectionBias { get; init; } = true;

    /// <summary>Attention and MLP of a block read the same normed tokens, and both results are added (ViT-22B,
    /// arXiv:2302.05442, section 2.1) [block_fn ParallelScalingBlock].</summary>
    public bool ParallelBlocks { get; init; }

    /// <summary>The MLP's activation.</summary>
    public UnaryOperator Activation { get; init; } = UnaryOperator.Gelu;

    /// <summary>The norms of tokens, and those of queries and keys [norm_layer].</summary>
    public NormKind Norm { get; init; } = NormKind.LayerNorm;

    /// <summary>Queries and keys are normed, head by head, before their product [qk_norm].</summary>
    public bool QkNorm { get; init; }

    /// <summary>ε of the norms, above 0.</summary>
    public float NormEpsilon { get; init; } = 1e-6f;

    /// <summary>A learned token before the patches; needed for <see cref="Pooling.ClassToken"/>.</summary>
    public bool ClassToken { get; init; } = true;

    /// <summary>A learned token behind the class token with a classifier head of its own, to learn from a teacher
    /// (DeiT, arXiv:2012.12877) [dist_token].</summary>
    public bool DistillationToken { get; init; }

    /// <summary>Learned tokens before the patches that nobody reads: room to compute in (Darcet et al. 2024,
    /// arXiv:2309.16588) [reg_tokens].</summary>
    public int RegisterTokens { get; init; }

    /// <summary>The tokens before the patches have positions too; false for DINOv2 with registers [not
    /// no_embed_class].</summary>
    public bool PrefixPositions { get; init; } = true;

    /// <summary>Way from tokens to one vector [global_pool].</summary>
    public Pooling Pooling { get; init; } = Pooling.ClassToken;

    /// <summary>Way from an image to tokens.</summary>
    public EmbeddingKind Embedding { get; init; } = EmbeddingKind.Patch;

    /// <summary>Blocks of each stage of a residual network that makes the tokens, e.g. 2, 2, 2, 2; null: there is none.
    /// See <see cref="ResidualEmbedding"/>.</summary>
    public StageSizes? Backbone { get; init; }

    /// <summary>Channels of that network's stem, 1 or more.</summary>
    public int BackboneWidth { get; init; } = 64;

    /// <summary>Position of tokens: one kind, or two such as <c>learned+rope</c>.</summary>
    public PositionList Position { get; init; } = PositionKind.Learned;

    /// <summary>Rows and columns of patches that fixed positions, and what attention takes for granted of the grid, are
    /// made for; positions are resampled to the image's patches. Null: those of the image.</summary>
    public int? PositionGrid { get; init; }

    /// <summary>Standard deviation of the first values of learned positions, above 0.</summary>
    public float PositionStd { get; init; } = 0.02f;

    /// <summary>The attention mechanism with its options, or one per block; see
    /// <see cref="AttentionCatalogue"/>.</summary>
    public AttentionList Attention { get; init; } = "softmax";

    /// <summary>Gate between the mechanism and its output projection.</summary>
    public AttentionGate AttentionGate { get; init; }

    /// <summary>First values of the blocks' weight matrices.</summary>
    public WeightInit WeightInit { get; init; } = WeightInit.TruncatedNormal;

    /// <summary>First value of the factors at the end of each branch; null: there are none [init_values].</summary>
    public float? LayerScale { get; init; }

    /// <summary>Dropout behind attention's output projection and in the MLP; at least 0 and below 1
    /// [proj_drop_rate].</summary>
    public float Dropout { get; init; }

    /// <summary>Dropout of attention probabilities; at least 0 and below 1 [attn_drop_rate].</summary>
    public float AttentionDropout { get; init; }

    /// <summary>Dropout behind the positions; at least 0 and below 1 [pos_drop_rate].</summary>
    public float PositionDropout { get; init; }

    /// <summary>Dropout before the classifier head; at least 0 and below 1 [drop_rate].</summary>
    public float HeadDropout { get; init; }

    /// <summary>Share of samples that skip a branch of the last block, rising linearly from 0 in the first; below 1
    /// [drop_path_rate].</summary>
    public float DropPath { get; init; }

    /// <summary>Elements of a head's query, resolved.</summary>
    internal int HeadSize => HeadDim ?? Dim / Heads;

    /// <summary>Hidden elements of the MLP, resolved.</summary>
    internal int HiddenSize => MlpDim ?? 4 * Dim;

    /// <summary>Arrangement of the tokens over an image of the configured size.</summary>
    internal TokenGrid Grid =>
        new((ClassToken ? 1 : 0) + (DistillationToken ? 1 : 0) + RegisterTokens, ImageSize / PatchSize,
            ImageSize / PatchSize);

    /// <inheritdoc/>
    public override VisionTransformer Build() => new(this);

    /// <inheritdoc/>
    public override VisionTransformerConfig Apply(ModelOptions changes) => Sized(changes) with
    {
        Norm = changes.Norm ?? Norm,
        QkNorm = changes.QkNorm ?? QkNorm,
        ParallelBlocks = changes.ParallelBlocks ?? ParallelBlocks,
        LayerScale = changes.LayerScale is { } scale ? scale == 0 ? null : scale : LayerScale,
        RegisterTokens = changes.Registers ?? RegisterTokens,
        Pooling = changes.Pooling ?? Pooling,
        ClassToken = ClassToken || changes.Pooling == Pooling.ClassToken,
        Attention = changes.Attention ?? Attention,
        AttentionGate = changes.AttentionGate ?? AttentionGate,
        Embedding = changes.Embedding ?? Embedding,
        Position = changes.Position ?? Position,
        PositionGrid = changes.PositionGrid ?? PositionGrid,
        PositionStd = changes.PositionStd ?? PositionStd,
        WeightInit = changes.WeightInit ?? WeightInit,
        PatchSize = changes.PatchSize ?? PatchSize,
        Dropout = changes.Dropout ?? Dropout,
        DropPath = changes.DropPath ?? DropPath,
    };

    /// <inheritdoc/>
    public override ModelOptions Describe() => new()
    {
        Dim = Dim,
        Depth = Depth,
        Heads = Heads,
        HeadDim = HeadSize,
        MlpRatio = (double)HiddenSize / Dim,
        Mlp = MlpForms.FirstOrDefault(form => (form.Gated, form.Activation) == (GatedMlp, Activation)).Kind,
        Norm = Norm,
        QkNorm = QkNorm,
        ParallelBlocks = ParallelBlocks,
        LayerScale = LayerScale ?? 0,
        Registers = RegisterTokens,
        Pooling = Pooling,
        Attention = Attention,
        AttentionGate = AttentionGate,
        Embedding = Embedding,
        Position = Position,
        PositionGrid = Position.IsFixed || Attention.Specs.Any(GaussianAttention.FollowsGrid)
            ? PositionGrid ?? ImageSize / PatchSize : null,
        PositionStd = Position.Has(PositionKind.Learned) ? PositionStd : null,
        WeightInit = WeightInit,
        PatchSize = PatchSize,
        Dropout = Dropout,
        DropPath = DropPath,
    };

    /// <inheritdoc/>
    public override ModelSizes Measure() => new(Dim, Depth, Heads);

    /// <summary>A norm of so many elements.</summary>
    internal RowNorm CreateNorm(int dim) => Norms.Of(Norm, dim, NormEpsilon);

    /// <summary>The config with the sizes that are asked for. The MLP keeps its ratio to the tokens.</summary>
    private VisionTransformerConfig Sized(ModelOptions changes)
    {
        int dim = changes.Dim ?? Dim, heads = changes.Heads ?? Heads;
        int? hidden = dim == Dim || MlpDim is null ? MlpDim : (int)Math.Round((double)MlpDim.Value / Dim * dim);
        if (changes.MlpRatio is { } ratio)
            hidden = ratio == 0 ? 0 : (int)Math.Clamp(Math.Round(ratio * dim), 1, MostElements + 1);
        (MlpKind? _, bool gated, UnaryOperator activation) = changes.Mlp is { } kind
            ? MlpForms.First(form => form.Kind == kind) : (null, GatedMlp, Activation);
        return this with
        {
            Dim = dim,
            Depth = changes.Depth ?? Depth,
            Heads = heads,
            HeadDim = changes.HeadDim is { } size ? (size * heads == dim ? null : size) : HeadDim,
            MlpDim = hidden == 4 * dim && MlpDim is null ? null : hidden,
            GatedMlp = gated,
            Activation = activation,
        };
    }

    private static readonly (MlpKind? Kind, bool Gated, UnaryOperator Activation)[] MlpForms =
    [
        (MlpKind.Gelu, false, UnaryOperator.Gelu),
        (MlpKind.GeluTanh, false, UnaryOperator.GeluTanh),
        (MlpKind.Relu, false, UnaryOperator.Relu),
        (MlpKind.Silu, false, UnaryOperator.Silu),
        (MlpKind.SwiGlu, true, UnaryOperator.Silu),
        (MlpKind.GeGlu, true, UnaryOperator.Gelu),
    ];

    /// <summary>The divisors of the tokens' elements next to the number of heads.</summary>
    private IEnumerable<int> NearDivisors()
    {
        int below = Math.Min(Heads, Dim), above = Heads;
        while (Dim % below != 0) below--;
        yield return below;
        while (above <= Dim && Dim % above != 0) above++;
        if (above <= Dim) yield return above;
    }

    /// <inheritdoc/>
    public override void Validate()
    {
        ValidateSizes();
        Check.Between(1, SizeForms.MostPixels, PatchSize, nameof(PatchSize));
        Check.Between(1, MostElements, Dim, nameof(Dim));
        Check.Between(1, MostBlocks, Depth, nameof(Depth));
        Check.Between(1, MostElements, Heads, nameof(Heads));
        Check.Between(1, MostElements, HeadDim ?? 1, nameof(HeadDim));
        if (HiddenSize is < 0 or > MostElements)
            throw new UsageException(
                $"the MLP of tokens of {Dim} elements has 0 to {MostElements} hidden elements, not {HiddenSize}; take "
                    + "another `mlp-ratio` or `dim`.")
            { Field = "mlp-ratio" };
        Check.Between(0, MostElements, RegisterTokens, nameof(RegisterTokens));
        int less = ImageSize / PatchSize * PatchSize;
        Require(ImageSize % PatchSize == 0, "patch-size",
            $"patches of {PatchSize} pixels do not divide {ImageSize}; take `image-size` "
                + $"{(less > 0 ? $"{less} or " : "")}{less + PatchSize}, or another `patch-size`.");
        int side = ImageSize / PatchSize;
        Check.That(side <= MostPatchesPerSide,
            $"{ImageSize} / {PatchSize} pixels make {side} x {side} patches; {MostPatchesPerSide} a side "
                + "are the most: take a smaller `image-size` or a larger `patch-size`.");
        if (HeadDim is null)
            Require(Dim % Heads == 0, "heads",
                $"{Heads} do not divide `dim` {Dim}; take {string.Join(" or ", NearDivisors())}, or give `head-dim`.");
        Require(!ParallelBlocks || HiddenSize > 0, "parallel-blocks",
            "blocks without an MLP (`mlp-ratio` 0) have nothing to run beside attention.");
        Require(!ParallelBlocks || !NormedResidual, "parallel-blocks",
            "blocks of this model hand the norm of attention's result on: the MLP cannot run beside attention.");
        Check.Between(1, MostPatchesPerSide, PositionGrid ?? 1, nameof(PositionGrid));
        Check.That(PositionStd > 0, $"{nameof(PositionStd)} must be above 0, got {PositionStd}.");
        Check.That(NormEpsilon > 0, $"{nameof(NormEpsilon)} must be above 0, got {NormEpsilon}.");
        Require(ClassToken || Pooling != Pooling.ClassToken, "pooling",
            "the model has no class token to read; take mean, sequence or map.");
        Require(!DistillationToken || Pooling == Pooling.ClassToken, "pooling",
            "the distillation token of this model is read beside its class token; take token.");
        Require(!Position.Has(PositionKind.SinCos1d) || Dim % 2 == 0, "position",
            $"sines and cosines of a sequence need an even `dim`, got {Dim}.");
        Require(!Position.Has(PositionKind.SinCos2d) || Dim % 4 == 0, "position",
            $"sines and cosines of row and column need a multiple of 4 as `dim`, got {Dim}.");
        if (Backbone is { } stages)
        {
            Check.Between(1, 8, stages.Count, $"{nameof(Backbone)}: stages");
            foreach (int blocks in stages) Check.Between(1, 1000, blocks, nameof(Backbone));
            Check.Between(1, MostElements >> 10, BackboneWidth, nameof(BackboneWidth));
            Require(Embedding == EmbeddingKind.Patch, "embedding",
                "the tokens of this model are made by a residual network; take patch.");
            int stride = ResidualEmbedding.StrideOf(stages);
            Require(PatchSize == stride, "patch-size",
                $"a residual network of {stages.Count} stages makes tokens {stride} pixels apart, not {PatchSize}.");
        }

        if (Embedding != EmbeddingKind.Patch)
            ConvolutionalEmbedding.Require(PatchSize, Dim, pools: Embedding == EmbeddingKind.Tokenizer);
        Check.Probability(Dropout, nameof(Dropout));
        Check.Probability(AttentionDropout, nameof(AttentionDropout));
        Check.Probability(PositionDropout, nameof(PositionDropout));
        Check.Probability(HeadDropout, nameof(HeadDropout));
        Check.Probability(DropPath, nameof(DropPath));
        Check.That(Attention.Specs.Count <= Depth,
            $"{nameof(Attention)}: there are {Attention.Specs.Count} mechanisms ({Attention}), but {Depth} "
                + $"block{(Depth == 1 ? "" : "s")}: name at most so many, the last stands for the rest.");
    }

    private static void Require(bool isSo, string field, string sentence)
    {
        if (!isSo) throw new UsageException(sentence) { Field = field };
    }
}
