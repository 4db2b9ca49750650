using System.Globalization;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Embedding;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Swin;

/// <summary>
/// Swin Transformer (Liu et al. 2021, arXiv:2103.14030): normed patch tokens, stages of blocks with attention in
/// windows, between them <see cref="PatchMerging"/>, a norm, the mean of the tokens, a linear head. Parameter names and
/// first values are timm's (<c>layers.1.downsample</c> stands at the beginning of a stage; the authors' code has it at
/// the end of the one before). Images of any size that divides into patches are taken.
/// </summary>
public sealed class SwinTransformer : ImageClassifier, IFeatureMapModel
{
    private readonly LinearPatchEmbedding _embedding;
    private readonly RowNorm _embeddingNorm, _norm;
    private readonly PatchMerging?[] _merging;
    private readonly TransformerBlock[][] _stages;
    private readonly Linear? _head;

    /// <param name="config">What to build; nothing is allocated before <see cref="Module.Initialize"/>.</param>
    /// <exception cref="UsageException">A field cannot be used; the message names it.</exception>
    public SwinTransformer(SwinConfig config)
    {
        config.Validate();
        Config = config;
        VisionTransformerConfig first = config.FirstStage;
        int stages = config.Depths.Count, dim = first.Dim << (stages - 1), last = Math.Max(1, config.Depths.Sum() - 1);
        _embedding = Register("patch_embed", new LinearPatchEmbedding(config.Channels, first.PatchSize, first.Dim));
        _embeddingNorm = Register("patch_embed.norm", first.CreateNorm(first.Dim));
        (_merging, _stages) = (new PatchMerging?[stages], new TransformerBlock[stages][]);
        for (int i = 0, index = 0; i < stages; i++)
        {
            VisionTransformerConfig stage = config.Stage(i);
            if (i > 0)
                _merging[i] = Register($"layers.{i}.downsample", new PatchMerging(stage.Dim / 2, stage.CreateNorm));
            _stages[i] = [.. Enumerable.Range(0, stage.Depth).Select(block => Register($"layers.{i}.blocks.{block}",
                new TransformerBlock(stage, stage.Grid, block, first.DropPath * index++ / last)))];
        }

        _norm = Register("norm", first.CreateNorm(dim));
        if (config.Classes > 0)
            _head = Register("head.fc", new Linear(dim, config.Classes, true, Init.TruncatedNormal(0.02), Init.Zeros));
    }

    /// <inheritdoc/>
    public override SwinConfig Config { get; }

    /// <summary>The blocks of each stage.</summary>
    public IReadOnlyList<IReadOnlyList<TransformerBlock>> Stages => _stages;

    /// <inheritdoc/>
    public override bool CanRecompute => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor images) => InScope(() => Head(Pool(images)));

    /// <inheritdoc/>
    public override Tensor PooledFeatures(Tensor images) => InScope(() => Pool(images));

    /// <inheritdoc/>
    public Tensor Features(Tensor images) => InScope(() =>
    {
        TokenGrid grid = Config.GridOf(_stages.Length - 1, images.Shape[2], images.Shape[3]);
        Tensor tokens = Ops.Permute(_norm.Forward(Run(images)), 0, 2, 1);
        return tokens.Reshape(tokens.Shape[0], tokens.Shape[1], grid.Rows, grid.Columns);
    });

    /// <inheritdoc/>
    public Tensor Score(Tensor features) => Head(Ops.GlobalAveragePool(features));

    /// <inheritdoc/>
    public override Tensor AdaptWeight(string name, Tensor value) =>
        name.Split('.') is ["layers", var stage, "blocks", var block, "attn", var part, ..]
            && Number(stage) is { } i && i < _stages.Length && Number(block) is { } j && j < _stages[i].Length
            ? _stages[i][j].Attention.Adapt(part, value) : value;

    /// <inheritdoc/>
    public override ForwardCost CountForward()
    {
        double blocks = 0, exponentials = 0;
        for (int i = 0; i < _stages.Length; i++)
        {
            TokenGrid grid = Config.GridOf(i, Config.ImageSize, Config.ImageSize);
            blocks += (_merging[i]?.Macs(grid.Patches) ?? 0) + _stages[i].Sum(block => block.Macs(grid));
            exponentials += _stages[i].Sum(block => block.Attention.Mechanism.Exponentials(grid));
        }

        return new(_embedding.Macs(Config.ImageSize, Config.ImageSize), blocks, _head?.Weight.Shape.Elements ?? 0)
        {
            Exponentials = exponentials,
        };
    }

    private Tensor Pool(Tensor images) => Ops.Mean(_norm.Forward(Run(images)), 1);

    private Tensor Head(Tensor pooled) => _head?.Forward(pooled) ?? pooled;

    /// <summary>The tokens behind the last block, <c>[batch, token, dim]</c>.</summary>
    private Tensor Run(Tensor images)
    {
        Tensor x = InScope(() => _embeddingNorm.Forward(_embedding.Forward(images)));
        (int height, int width) = (images.Shape[2], images.Shape[3]);
        for (int i = 0; i < _stages.Length; i++)
        {
            if (_merging[i] is { } merging)
            {
                TokenGrid before = Config.GridOf(i - 1, height, width);
                x = Step(x, tokens => merging.Forward(tokens, before), false);
            }

            TokenGrid grid = Config.GridOf(i, height, width);
            foreach (TransformerBlock block in _stages[i])
                x = Step(x, tokens => block.Forward(tokens, grid), RecomputesBlocks);
        }

        return x;
    }

    private static Tensor Step(Tensor input, Func<Tensor, Tensor> compute, bool recomputes)
    {
        Tensor x = recomputes ? Tape.Checkpoint(compute, input) : InScope(() => compute(input));
        if (!x.RequiresGradient) input.Release();   // nobody will ask for it: memory stays that of one block
        return x;
    }

    private static Tensor InScope(Func<Tensor> compute)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(compute());
    }

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
