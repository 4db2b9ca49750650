using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Transformers;

/// <summary>
/// Vision Transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929): patch tokens, a
/// class token, positions, blocks, a norm, a linear head; with a distillation token DeiT, with layer scale (and
/// registers, and SwiGLU) DINOv2, with sequence pooling a compact transformer. Parameter names and first values are
/// timm's. Images of any size that divides into patches are taken: positions are resampled.
/// </summary>
public sealed class VisionTransformer : ImageClassifier, IBlockModel
{
    private readonly Parameter[] _prefix;
    private readonly IPositionEmbedding? _position;
    private readonly Dropout _positionDropout, _headDropout;
    private readonly RowNorm _norm;
    private readonly AttentionPooling? _attentionPool;
    private readonly Linear? _sequencePool, _head, _distillationHead;

    /// <param name="config">What to build; nothing is allocated before <see cref="Module.Initialize"/>.</param>
    /// <exception cref="UsageException">A field cannot be used; the message names it.</exception>
    public VisionTransformer(VisionTransformerConfig config)
    {
        config.Validate();
        Config = config;
        TokenGrid grid = config.Grid;
        _prefix = [.. PrefixTokens(config).Select(Register)];
        _position = CreatePosition(config, config.PrefixPositions ? grid : grid with { Prefix = 0 });
        if (_position is Module position) Register("", position);
        PatchEmbedding = config.Embedding switch
        {
            EmbeddingKind.Patch when config.Backbone is { } stages => Register("patch_embed",
                new ResidualEmbedding(config.Channels, stages, config.BackboneWidth, config.Dim)),
            EmbeddingKind.Patch => Register("patch_embed",
                new LinearPatchEmbedding(config.Channels, config.PatchSize, config.Dim)),
            _ => Register("patch_embed",
                new ConvolutionalEmbedding(config.Channels, config.PatchSize, config.Dim,
                    config.Embedding == EmbeddingKind.Tokenizer)),
        };
        _positionDropout = Register("pos_drop", new Dropout(config.PositionDropout));
        Blocks = [.. Enumerable.Range(0, config.Depth)
            .Select(i => Register($"blocks.{i}", new TransformerBlock(config, grid, i)))];
        _norm = Register(config.Pooling == Pooling.Mean ? "fc_norm" : "norm",
            config.CreateNorm(config.Dim));
        _headDropout = Register("head_drop", new Dropout(config.HeadDropout));
        if (config.Pooling == Pooling.Sequence) _sequencePool = Register("attention_pool", Projection(1));
        if (config.Pooling == Pooling.Map) _attentionPool = Register("attn_pool", new AttentionPooling(config));
        if (config.Classes == 0) return;
        _head = Register("head", Projection(config.Classes));
        if (config.DistillationToken) _distillationHead = Register("head_dist", Projection(config.Classes));

        Linear Projection(int outputs) => new(config.Dim, outputs, true, Init.TruncatedNormal(0.02), Init.Zeros);
    }

    /// <inheritdoc/>
    public override VisionTransformerConfig Config { get; }

    /// <summary>From image to patch tokens.</summary>
    public IPatchEmbedding PatchEmbedding { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<TransformerBlock> Blocks { get; }

    /// <inheritdoc/>
    public IReadOnlyList<IAttention> Mechanisms => [.. Blocks.Select(block => block.Attention.Mechanism)];

    /// <inheritdoc/>
    public int Heads => Config.Heads;

    /// <inheritdoc/>
    public string ReadTokens => Config switch
    {
        { Pooling: Pooling.Mean or Pooling.NormedMean } => "the mean of the patches",
        { Pooling: Pooling.Sequence } => "the patches, weighted",
        { Pooling: Pooling.Map } => "the patches, attended to",
        { DistillationToken: true } => "the class and the distillation token",
        _ => "the class token",
    };

    /// <inheritdoc/>
    public IReadOnlyList<string> PrefixNames =>
    [
        .. Config.ClassToken ? (string[])["class token"] : [],
        .. Config.DistillationToken ? (string[])["distillation token"] : [],
        .. Enumerable.Range(1, Config.RegisterTokens).Select(number => $"register {number}"),
    ];

    /// <inheritdoc/>
    public override bool CanRecompute => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor images) => Forward(images, null);

    /// <inheritdoc/>
    public Tensor Forward(Tensor images, IAttentionRecorder? recorder) =>
        InScope(() => Score(RunBlocks(images, recorder), recorder).Mean());

    /// <inheritdoc/>
    public Tensor ForwardFrom(int block, Tensor tokens, TokenGrid grid, IAttentionRecorder? recorder = null) =>
        InScope(() => Score(RunBlocks(block, tokens, grid, recorder), recorder).Mean());

    /// <inheritdoc/>
    public override Tensor PooledFeatures(Tensor images) =>
        InScope(() => Score(RunBlocks(images, null), withHead: false).Mean());

    /// <inheritdoc/>
    public override HeadScores ForwardHeads(Tensor images)
    {
        if (Tape.Current is not null) return Score(RunBlocks(images, null));
        using StepScope scope = StepScope.Begin();
        HeadScores scores = Score(RunBlocks(images, null));
        return new(scope.Return(scores.Class), scores.Distillation is null ? null : scope.Return(scores.Distillation));
    }

    /// <inheritdoc/>
    public override Tensor AdaptWeight(string name, Tensor value)
    {
        if (name == "pos_embed") return (_position as LearnedPosition)?.AdaptWeight(WithRegisters(value)) ?? value;
        if (name.Split('.') is not ["blocks", string block, "attn", var part, ..] || !int.TryParse(block, out int index)
            || (uint)index >= (uint)Blocks.Count)
            return value;
        return Blocks[index].Attention.Adapt(part, value);
    }

    /// <summary>All tokens behind the last block; but with <see cref="Pooling.Mean"/> normed, as timm's
    /// <c>forward_features</c>.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, token, dim]</c>: class token, distillation token, registers, patches row by row.</returns>
    /// <exception cref="ShapeException">The images have other channels, or do not divide into patches.</exception>
    public Tensor Features(Tensor images) => InScope(() =>
    {
        Tensor tokens = RunBlocks(images, null);
        return Config.Pooling == Pooling.Mean ? tokens : _norm.Forward(tokens);
    });

    /// <summary>Scores together with what they are made of, computed once.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns>The scores of each head; pooled features <c>[batch, dim]</c>; and the patches' normed tokens behind the
    /// last block, <c>[batch, patch, dim]</c>.</returns>
    /// <exception cref="ShapeException">The images have other channels, or do not divide into patches.</exception>
    public (HeadScores Scores, Tensor Pooled, Tensor Patches) ForwardWithFeatures(Tensor images)
    {
        Tensor tokens = RunBlocks(images, null);
        return (Score(tokens), Score(tokens, withHead: false).Mean(), _norm.Forward(Patches(tokens)));
    }

    /// <summary>
    /// Normed tokens behind the last block of some patches, where the others are not there: what a masked autoencoder
    /// encodes (He et al. 2022, arXiv:2111.06377). Positions are those that the patches have in the whole image.
    /// </summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="visible">Numbers of the patches of each image, equally many.</param>
    /// <returns><c>[batch, prefix + visible, dim]</c>.</returns>
    /// <exception cref="ShapeException">The images have other channels, or do not divide into patches.</exception>
    public Tensor Encode(Tensor images, IReadOnlyList<int[]> visible)
    {
        Tensor all = Embed(images);
        int prefix = Config.Grid.Prefix, tokens = all.Shape[1], kept = prefix + visible[0].Length;
        int[] rows = [.. visible.SelectMany((patches, image) => Enumerable.Range(0, prefix)
            .Concat(patches.Select(patch => prefix + patch)).Select(token => image * tokens + token))];
        Tensor x = Ops.Gather(all.Reshape(-1, Config.Dim), Tensor.From(rows, [rows.Length], images.Device))
            .Reshape(-1, kept, Config.Dim);
        return _norm.Forward(RunBlocks(0, x, new TokenGrid(prefix, 1, kept - prefix), null));
    }

    /// <summary>The first block's input: patch tokens with positions, and those before them.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, token, dim]</c>: class token, distillation token, registers, patches row by row.</returns>
    /// <exception cref="ShapeException">The images have other channels, or do not divide into patches.</exception>
    public Tensor Embed(Tensor images)
    {
        Tensor tokens = PatchEmbedding.Forward(images);
        TokenGrid grid = GridOf(images);
        if (!Config.PrefixPositions) tokens = _position?.Forward(tokens, grid with { Prefix = 0 }) ?? tokens;
        if (_prefix.Length > 0)
            tokens = Ops.Concat(1,
                [.. _prefix.Select(token => Ops.Expand(token, tokens.Shape[0], token.Shape[1], Config.Dim)), tokens]);
        if (Config.PrefixPositions) tokens = _position?.Forward(tokens, grid) ?? tokens;
        return _positionDropout.Forward(tokens);
    }

    /// <inheritdoc/>
    public Tensor? PatchPositions(TokenGrid grid)
    {
        int prefix = Config.PrefixPositions ? grid.Prefix : 0;
        return _position is null ? null
            : Ops.Slice(_position.At(grid with { Prefix = prefix }), 1, prefix, grid.Patches)
            .Reshape(grid.Patches, Config.Dim);
    }

    /// <summary>Arrangement of the tokens over these images.</summary>
    public TokenGrid GridOf(Tensor images) => GridOf(images.Shape[2], images.Shape[3]);

    /// <inheritdoc/>
    public TokenGrid GridOf(int height, int width) =>
        PatchEmbedding.Grid(height, width) with { Prefix = Config.Grid.Prefix };

    /// <inheritdoc/>
    public float[] Readout(TokenGrid grid, float[]? pooling)
    {
        float[] weights = new float[grid.Tokens];
        if (pooling is not null) pooling.CopyTo(weights, grid.Prefix);
        else if (Config.Pooling is Pooling.Mean or Pooling.NormedMean)
            Array.Fill(weights, 1f / grid.Patches, grid.Prefix, grid.Patches);
        // two classifier heads, whose mean is the answer
        else if (Config.DistillationToken) weights[0] = weights[1] = 0.5f;
        else weights[0] = 1;
        return weights;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Every token meets every weight of the blocks' projections and MLPs once; embedding, attention and classifier
    /// heads come on top. Softmax has 2 n² h multiplications for n tokens and heads of h elements together.
    /// </remarks>
    public override ForwardCost CountForward()
    {
        TokenGrid grid = GridOf(Config.ImageSize, Config.ImageSize);
        double head = (double)Config.Dim * Config.Classes * (Config.DistillationToken ? 2 : 1)
            + (_sequencePool is null ? 0 : 2.0 * grid.Patches * Config.Dim) + (_attentionPool?.Macs(grid.Patches) ?? 0);
        return new(PatchEmbedding.Macs(Config.ImageSize, Config.ImageSize), Blocks.Sum(block => block.Macs(grid)), head)
        {
            Exponentials = Mechanisms.Sum(mechanism => mechanism.Exponentials(grid)),
        };
    }

    /// <summary>A table of a model without registers as one with them has it: theirs are 0 at first. Where its length
    /// fits both, the model's own grid decides.</summary>
    /// <exception cref="UsageException">The length fits both, and neither is of the model's own grid.</exception>
    private Tensor WithRegisters(Tensor table)
    {
        (int registers, int prefix) = (Config.RegisterTokens, Config.Grid.Prefix);
        if (registers == 0 || !Config.PrefixPositions || table.Shape.Rank != 3) return table;
        (int tokens, int dim) = (table.Shape[1], table.Shape[2]);
        if (table.Shape[0] != 1 || dim != Config.Dim || tokens == Config.Grid.Tokens) return table;
        if (PositionResampling.SquareGrid(tokens, prefix - registers) is not { } without) return table;
        if (without.Patches != Config.Grid.Patches && PositionResampling.SquareGrid(tokens, prefix) is { } with)
            throw Unclear(with, without);
        Tensor none = Tensor.Zeros([1, registers, dim], table.Device);
        Tensor patches = Ops.Slice(table, 1, prefix - registers, tokens - prefix + registers);
        return prefix == registers ? Ops.Concat(1, none, patches)
            : Ops.Concat(1, Ops.Slice(table, 1, 0, prefix - registers), none, patches);
    }

    private UsageException Unclear(TokenGrid with, TokenGrid without) => new(
        $"pos_embed: its {with.Tokens} positions may be of {without.Rows} x {without.Columns} patches without the "
            + $"{Config.RegisterTokens} registers, or of {with.Rows} x {with.Columns} patches with them; load it at "
            + $"its own image size, {without.Rows * Config.PatchSize} or {with.Rows * Config.PatchSize} pixels, or "
            + "take another number of registers.")
    {
        Field = "registers",
    };

    /// <summary>The tokens before the patches, in timm's order.</summary>
    private static IEnumerable<Parameter> PrefixTokens(VisionTransformerConfig config)
    {
        if (config.ClassToken) yield return new("cls_token", [1, 1, config.Dim], Init.Normal(1e-6), decay: false);
        if (config.DistillationToken)
            yield return new("dist_token", [1, 1, config.Dim], Init.TruncatedNormal(0.02), decay: false);
        if (config.RegisterTokens > 0)
            yield return new("reg_token", [1, config.RegisterTokens, config.Dim], Init.Normal(1e-6), decay: false);
    }

    private static IPositionEmbedding? CreatePosition(VisionTransformerConfig config, TokenGrid grid) =>
        config.Position.OfTokens switch
        {
            PositionKind.Learned => new LearnedPosition(grid, config.Dim, config.PositionStd),
            PositionKind.SinCos2d => FixedPosition.Grid(grid, config.Dim, config.PositionGrid),
            PositionKind.SinCos1d => FixedPosition.Sequence(grid, config.Dim, config.PositionGrid),
            _ => null,
        };

    private Tensor RunBlocks(Tensor images, IAttentionRecorder? recorder)
    {
        Tensor embedded = InScope(() => Embed(images));
        return RunBlocks(0, embedded, GridOf(images), recorder, releases: true);
    }

    /// <summary>Tokens behind the last block. <paramref name="releases"/>: nobody else needs those at the
    /// beginning.</summary>
    private Tensor RunBlocks(int first, Tensor tokens, TokenGrid grid, IAttentionRecorder? recorder,
        bool releases = false)
    {
        Tensor x = tokens;
        for (int i = first; i < Blocks.Count; i++)
        {
            TransformerBlock block = Blocks[i];
            Tensor input = x;
            x = RecomputesBlocks && recorder is null
                ? Tape.Checkpoint(tokens => block.Forward(tokens, grid), input)
                : InScope(() => block.Forward(input, grid, recorder));
            recorder?.RecordTokens(i, x);
            // nobody will ask for it: memory stays that of one block
            if (!x.RequiresGradient && (releases || input != tokens)) input.Release();
        }

        return x;
    }

    private HeadScores Score(Tensor tokens, IAttentionRecorder? recorder = null, bool withHead = true)
    {
        (Linear? head, Linear? distillationHead) = withHead ? (_head, _distillationHead) : (null, null);
        if (_sequencePool is not null) return new(Score(head, PoolSequence(_sequencePool, tokens, recorder)));
        if (_attentionPool is not null) return new(Score(head, PoolByAttention(_attentionPool, tokens, recorder)));
        if (Config.Pooling == Pooling.NormedMean)
            return new(Score(head, _headDropout.Forward(Ops.Mean(_norm.Forward(Patches(tokens)), 1))));
        Tensor main = Config.Pooling == Pooling.Mean ? Ops.Mean(Patches(tokens), 1) : Row(tokens, 0);
        Tensor scores = _headDropout.IsActive ? Score(head, _headDropout.Forward(_norm.Forward(main)))
            : NormedScore(head, main);
        return new(scores, Config.DistillationToken ? NormedScore(distillationHead, Row(tokens, 1)) : null);
    }

    /// <summary>The norm works row by row, so only the pooled row needs it.</summary>
    private Tensor NormedScore(Linear? head, Tensor row) => head is null ? _norm.Forward(row)
        : head.Forward(_norm, row);

    private static Tensor Score(Linear? head, Tensor pooled) => head?.Forward(pooled) ?? pooled;

    /// <summary>Σ_i softmax_i(w·x_i + b) x_i over the normed patches (Hassani et al. 2021, arXiv:2104.05704, section
    /// 3.2).</summary>
    private Tensor PoolSequence(Linear pool, Tensor tokens, IAttentionRecorder? recorder)
    {
        Tensor normed = _norm.Forward(Patches(tokens));
        Tensor weights = Ops.Softmax(pool.Forward(normed).Reshape(tokens.Shape[0], 1, normed.Shape[1]));
        recorder?.RecordPooling(weights);
        return _headDropout.Forward(Ops.MatMul(weights, normed).Reshape(-1, Config.Dim));
    }

    private Tensor PoolByAttention(AttentionPooling pool, Tensor tokens, IAttentionRecorder? recorder)
    {
        (Tensor pooled, Func<Tensor> weights) = pool.Forward(_norm.Forward(Patches(tokens)));
        recorder?.RecordPooling(weights());
        return _headDropout.Forward(pooled);
    }

    private Tensor Row(Tensor tokens, int index) => Ops.Slice(tokens, 1, index, 1).Reshape(-1, Config.Dim);

    private Tensor Patches(Tensor tokens)
    {
        int prefix = Config.Grid.Prefix;
        return prefix == 0 ? tokens : Ops.Slice(tokens, 1, prefix, tokens.Shape[1] - prefix);
    }

    /// <summary>Gives temporaries back, where no tape records or all is frozen, as soon as <paramref name="compute"/>
    /// has its result.</summary>
    private static Tensor InScope(Func<Tensor> compute)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(compute());
    }
}
