using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Convolutional;

/// <summary>A convolution from the map before to normed tokens, and blocks; in the last stage beside a class token.
/// Names are the authors', <c>patch_embed.proj</c>, <c>patch_embed.norm</c>, <c>cls_token</c>,
/// <c>blocks.0</c>, ...</summary>
internal sealed class CvtStage : Module
{
    private readonly Parameter? _classToken;
    private readonly Conv2d _embedding;
    private readonly LayerNorm _norm;
    private readonly Dropout _drop;
    private readonly CvtBlock[] _blocks;

    /// <param name="config">The model.</param>
    /// <param name="stage">Which stage, from 0.</param>
    internal CvtStage(CvtConfig config, int stage)
    {
        (int dim, int depth, bool isLast) = (config.Dims[stage], config.Depths[stage],
            stage == config.Depths.Count - 1);
        if (isLast)
            _classToken = Register(new Parameter("cls_token", [1, 1, dim], Init.TruncatedNormal(0.02), decay: false));
        _embedding = Register("patch_embed.proj", new Conv2d(stage == 0 ? config.Channels : config.Dims[stage - 1], dim,
            config.Kernels[stage], config.Strides[stage], config.Paddings[stage]));
        _norm = Register("patch_embed.norm", new LayerNorm(dim, CvtBlock.NormEpsilon));
        _drop = Register("pos_drop", new Dropout(config.Dropout));
        _blocks = [.. Enumerable.Range(0, depth).Select(i => Register($"blocks.{i}",
            new CvtBlock(config, stage, isLast ? config.DropPath * i / Math.Max(1, depth - 1) : 0)))];
    }

    /// <summary>MACs of the embedding for one image.</summary>
    /// <param name="height">Rows of the map before.</param>
    /// <param name="width">Columns of it.</param>
    internal double EmbeddingMacs(int height, int width) => _embedding.Macs(height, width);

    /// <summary>MACs of the blocks for one image.</summary>
    internal double Macs(TokenGrid grid) => _blocks.Sum(block => block.Macs(grid));

    /// <summary>Exponentials of the blocks for one image.</summary>
    internal double Exponentials(TokenGrid grid) => _blocks.Sum(block => block.Exponentials(grid));

    /// <summary><c>[batch, channel, row, column] → [batch, token, dim]</c>.</summary>
    /// <param name="map">The image, or the map of the stage before.</param>
    /// <param name="grid">Arrangement of the tokens.</param>
    /// <param name="releases">Nobody else wants the map.</param>
    internal Tensor Forward(Tensor map, TokenGrid grid, bool releases)
    {
        Tensor x = Run(map, input =>
        {
            Tensor tokens = _norm.Forward(CvtBlock.Tokens(_embedding.Forward(input)));
            return _drop.Forward(_classToken is null ? tokens
                : Ops.Concat(1, Ops.Expand(_classToken, tokens.Shape[0], 1, tokens.Shape[2]), tokens));
        }, releases);
        return _blocks.Aggregate(x, (tokens, block) => Run(tokens, input => block.Forward(input, grid)));
    }

    /// <summary>The map of a stage that is not the last.</summary>
    internal static Tensor Map(Tensor tokens, TokenGrid grid) =>
        Run(tokens, input => CvtBlock.Map(input, grid));

    /// <summary>Without a tape, memory stays that of one step: all but the result is given back.</summary>
    private static Tensor Run(Tensor input, Func<Tensor, Tensor> compute, bool releases = true)
    {
        using StepScope scope = StepScope.Begin();
        Tensor y = scope.Return(compute(input));
        if (releases && !y.RequiresGradient) input.Release();
        return y;
    }
}
