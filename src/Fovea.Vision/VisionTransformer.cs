using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Embedding;
using Fovea.Vision.Position;

namespace Fovea.Vision;

/// <summary>
/// Vision Transformer (Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929): patch tokens, a class token,
/// positions, blocks, a norm, a linear head. Parameter names and first values are timm's.
/// </summary>
public sealed class VisionTransformer : ImageClassifier
{
    private readonly Parameter? _classToken;
    private readonly IPositionEmbedding? _position;
    private readonly Dropout _positionDropout, _headDropout;
    private readonly LayerNorm _norm;
    private readonly Linear? _head;

    /// <param name="config">What to build; nothing is allocated before <see cref="Module.Initialize"/>.</param>
    /// <exception cref="ConfigurationException">A field cannot be used; the message names it.</exception>
    public VisionTransformer(VisionTransformerConfig config)
    {
        config.Validate();
        Config = config;
        TokenGrid grid = config.Grid;
        if (config.ClassToken) _classToken = Register(new Parameter("cls_token", [1, 1, config.Dim], Init.Normal(1e-6), decay: false));
        _position = config.Position switch
        {
            PositionKind.Learned => Register("", new LearnedPosition(grid, config.Dim)),
            PositionKind.SinCos2d => Register("", new SinCosPosition(grid, config.Dim)),
            _ => null,
        };
        PatchEmbedding = config.Embedding == EmbeddingKind.Convolution
            ? Register("patch_embed", new ConvolutionalEmbedding(config.Channels, config.PatchSize, config.Dim))
            : Register("patch_embed", new LinearPatchEmbedding(config.Channels, config.PatchSize, config.Dim));
        _positionDropout = Register("pos_drop", new Dropout(config.PositionDropout));
        Blocks = [.. Enumerable.Range(0, config.Depth).Select(i => Register($"blocks.{i}", new TransformerBlock(config, grid, i)))];
        _norm = Register(config.Pooling == Pooling.Mean ? "fc_norm" : "norm", new LayerNorm(config.Dim, config.NormEpsilon));
        _headDropout = Register("head_drop", new Dropout(config.HeadDropout));
        if (config.Classes > 0) _head = Register("head", new Linear(config.Dim, config.Classes, true, Init.TruncatedNormal(0.02), Init.Zeros));
    }

    /// <inheritdoc/>
    public override VisionTransformerConfig Config { get; }

    /// <summary>From image to patch tokens.</summary>
    public IPatchEmbedding PatchEmbedding { get; }

    /// <summary>The blocks, first to last.</summary>
    public IReadOnlyList<TransformerBlock> Blocks { get; }

    /// <inheritdoc/>
    public override bool CanRecompute => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor images) => Forward(images, null);

    /// <inheritdoc cref="Forward(Tensor)"/>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <param name="recorder">Collects what each block attended to, or null.</param>
    public Tensor Forward(Tensor images, AttentionRecorder? recorder) => InScope(() => Head(RunBlocks(images, recorder)));

    /// <summary>All tokens behind the last block; with <see cref="Pooling.ClassToken"/> normed, as timm's <c>forward_features</c>.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, token, dim]</c>, class token first.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    public Tensor Features(Tensor images) => InScope(() =>
    {
        Tensor tokens = RunBlocks(images, null);
        return Config.Pooling == Pooling.Mean ? tokens : _norm.Forward(tokens);
    });

    /// <summary>The first block's input: patch tokens, class token and positions.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, token, dim]</c>, class token first.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    public Tensor Embed(Tensor images)
    {
        Tensor tokens = PatchEmbedding.Forward(images);
        if (_classToken is not null) tokens = Ops.Concat(1, Ops.Expand(_classToken, tokens.Shape[0], 1, Config.Dim), tokens);
        return _positionDropout.Forward(_position?.Forward(tokens, GridOf(images)) ?? tokens);
    }

    /// <summary>How the tokens of these images lie over them.</summary>
    public TokenGrid GridOf(Tensor images) =>
        PatchEmbedding.Grid(images.Shape[2], images.Shape[3]) with { Prefix = Config.Grid.Prefix };

    private Tensor RunBlocks(Tensor images, AttentionRecorder? recorder)
    {
        Tensor x = InScope(() => Embed(images));
        TokenGrid grid = GridOf(images);
        foreach (TransformerBlock block in Blocks)
        {
            Tensor input = x;
            x = RecomputesBlocks && recorder is null
                ? Tape.Checkpoint(tokens => block.Forward(tokens, grid), input)
                : InScope(() => block.Forward(input, grid, recorder));
            if (!x.RequiresGradient) input.Release();   // nobody will ask for it: memory stays that of one block
        }

        return x;
    }

    private Tensor Head(Tensor tokens)
    {
        Tensor pooled = Pool(tokens);
        if (_head is null) return _norm.Forward(pooled);
        return _headDropout.IsActive ? _head.Forward(_headDropout.Forward(_norm.Forward(pooled))) : _head.Forward(_norm, pooled);
    }

    /// <summary><c>[batch, token, dim] → [batch, dim]</c>. The norm comes afterwards: it works row by row, so only the pooled row needs it.</summary>
    private Tensor Pool(Tensor tokens)
    {
        int prefix = Config.Grid.Prefix;
        if (Config.Pooling == Pooling.ClassToken) return Ops.Slice(tokens, 1, 0, 1).Reshape(-1, Config.Dim);
        return Ops.Mean(prefix == 0 ? tokens : Ops.Slice(tokens, 1, prefix, tokens.Shape[1] - prefix), 1);
    }

    /// <summary>Where no tape records, or all is frozen, temporaries are given back as soon as <paramref name="compute"/> has its result.</summary>
    private static Tensor InScope(Func<Tensor> compute)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(compute());
    }
}
