using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Convolutional;

/// <summary>
/// Convolutional vision transformer, CvT (Wu et al. 2021, arXiv:2103.15808): stages of a convolution that makes tokens
/// and of blocks whose attention projects by convolutions; no positions. The last stage has a class token, which is
/// normed and read by a linear head. Parameter names and first values are the authors'. Images of any size that has
/// room for the kernels are taken.
/// </summary>
public sealed class ConvolutionalTransformer : ImageClassifier
{
    private readonly CvtStage[] _stages;
    private readonly LayerNorm _norm;
    private readonly Linear? _head;

    /// <param name="config">What to build; nothing is allocated before <see cref="Module.Initialize"/>.</param>
    /// <exception cref="UsageException">A field cannot be used; the message names it.</exception>
    public ConvolutionalTransformer(CvtConfig config)
    {
        config.Validate();
        Config = config;
        _stages = [.. Enumerable.Range(0, config.Depths.Count).Select(stage =>
            Register($"stage{stage}", new CvtStage(config, stage)))];
        int dim = config.Dims[^1];
        _norm = Register("norm", new LayerNorm(dim, CvtBlock.NormEpsilon));
        if (config.Classes > 0)
            _head = Register("head", new Linear(dim, config.Classes, true, Init.TruncatedNormal(0.02)));
    }

    /// <inheritdoc/>
    public override CvtConfig Config { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        Tensor pooled = Pool(images);
        return scope.Return(_head?.Forward(pooled) ?? pooled);
    }

    /// <inheritdoc/>
    public override Tensor PooledFeatures(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(Pool(images));
    }

    /// <inheritdoc/>
    public override ForwardCost CountForward()
    {
        double blocks = 0, exponentials = 0;
        TokenGrid before = new(0, Config.ImageSize, Config.ImageSize);
        for (int i = 0; i < _stages.Length; i++)
        {
            TokenGrid grid = Config.GridOf(i, Config.ImageSize, Config.ImageSize);
            blocks += _stages[i].Macs(grid) + (i > 0 ? _stages[i].EmbeddingMacs(before.Rows, before.Columns) : 0);
            exponentials += _stages[i].Exponentials(grid);
            before = grid;
        }

        return new(_stages[0].EmbeddingMacs(Config.ImageSize, Config.ImageSize), blocks,
            _head?.Weight.Shape.Elements ?? 0)
        {
            Exponentials = exponentials,
        };
    }

    /// <summary>The normed class token, <c>[batch, dim]</c>.</summary>
    private Tensor Pool(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != Config.Channels)
            throw new ShapeException($"{nameof(ConvolutionalTransformer)}: images must be [batch, {Config.Channels}, "
                + $"height, width], got {images.Shape}.");
        (int height, int width) = (images.Shape[2], images.Shape[3]);
        Config.RequireRoom(height, width);
        Tensor x = images;
        for (int i = 0; i < _stages.Length; i++)
        {
            if (i > 0) x = CvtStage.Map(x, Config.GridOf(i - 1, height, width));
            x = _stages[i].Forward(x, Config.GridOf(i, height, width));
        }

        return _norm.Forward(Ops.Slice(x, 1, 0, 1).Reshape(x.Shape[0], x.Shape[2]));
    }
}
