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
public sealed class ConvolutionalTransformer : ImageClassifier, IFeatureMapModel
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

    /// <summary>The map that the last stage reads, of which the classifier head sees a class token alone; of a model
    /// with one stage the images.</summary>
    /// <inheritdoc/>
    public Tensor Features(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(Map(images));
    }

    /// <inheritdoc/>
    public Tensor Score(Tensor features)
    {
        using StepScope scope = StepScope.Begin();
        Tensor pooled = Read(features);
        return scope.Return(_head?.Forward(pooled) ?? pooled);
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
    private Tensor Pool(Tensor images) => Read(Map(images), releases: _stages.Length > 1);

    /// <summary>The map behind the last stage but one, <c>[batch, dim, row, column]</c>.</summary>
    private Tensor Map(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != Config.Channels)
            throw new ShapeException($"{nameof(ConvolutionalTransformer)}: images must be [batch, {Config.Channels}, "
                + $"height, width], got {images.Shape}.");
        (int height, int width) = (images.Shape[2], images.Shape[3]);
        Config.RequireRoom(height, width);
        Tensor x = images;
        for (int i = 0; i < _stages.Length - 1; i++)
        {
            TokenGrid grid = Config.GridOf(i, height, width);
            x = CvtStage.Map(_stages[i].Forward(x, grid, releases: i > 0), grid);
        }

        return x;
    }

    /// <summary>The normed class token behind the last stage, <c>[batch, dim]</c>.</summary>
    private Tensor Read(Tensor map, bool releases = false)
    {
        int last = _stages.Length - 1;
        Tensor x = _stages[last].Forward(map, Config.GridAfter(last, map.Shape[2], map.Shape[3]), releases);
        return _norm.Forward(Ops.Slice(x, 1, 0, 1).Reshape(x.Shape[0], x.Shape[2]));
    }
}
