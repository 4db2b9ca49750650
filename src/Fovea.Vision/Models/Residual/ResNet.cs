using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Vision.Models.Residual;

/// <summary>
/// Residual network (He et al. 2016, "Deep residual learning for image recognition", arXiv:1512.03385): a stem, stages
/// of residual blocks, the mean over the image, a linear head. Parameter names and first values are torchvision's.
/// </summary>
public sealed class ResNet : ImageClassifier, IFeatureMapModel
{
    private readonly NormedConvolution _stem;
    private readonly MaxPool2d? _pool;
    private readonly Linear? _head;

    /// <param name="config">What to build; nothing is allocated before <see cref="Module.Initialize"/>.</param>
    /// <exception cref="UsageException">A field cannot be used; the message names it.</exception>
    public ResNet(ResNetConfig config)
    {
        config.Validate();
        Config = config;
        (int kernel, int stride) = config.SmallStem ? (3, 1) : (7, 2);
        int channels = config.Widths[0];
        _stem = new(
            Register("conv1", new Conv2d(config.Channels, channels, kernel, stride, kernel / 2, bias: false,
                weightInit: Init.KaimingNormal(fanOut: true))),
            Register("bn1", new BatchNorm2d(channels, config.NormMomentum, config.NormEpsilon)));
        if (!config.SmallStem) _pool = Register("maxpool", new MaxPool2d(3, 2, 1));
        List<IReadOnlyList<ResidualBlock>> stages = [];
        int last = Math.Max(1, config.Layers.Sum() - 1), index = 0;
        for (int stage = 0; stage < config.Layers.Count; stage++)
        {
            List<ResidualBlock> blocks = [];
            for (int i = 0; i < config.Layers[stage]; i++)
            {
                ResidualBlock block = new(config, channels, config.Widths[stage], stage > 0 && i == 0 ? 2 : 1,
                    config.DropPath * index++ / last);
                blocks.Add(Register($"layer{stage + 1}.{i}", block));
                channels = block.Outputs;
            }

            stages.Add(blocks);
        }

        Stages = stages;
        if (config.Classes > 0) _head = Register("fc", new Linear(channels, config.Classes));
    }

    /// <inheritdoc/>
    public override ResNetConfig Config { get; }

    /// <summary>The blocks of each stage.</summary>
    public IReadOnlyList<IReadOnlyList<ResidualBlock>> Stages { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(Score(Features(images)));
    }

    /// <inheritdoc/>
    public override Tensor PooledFeatures(Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        return scope.Return(Ops.GlobalAveragePool(Features(images)));
    }

    /// <inheritdoc/>
    public Tensor Features(Tensor images) =>
        Stages.SelectMany(stage => stage).Aggregate(Stem(images), (x, block) => InScope(x, block.Forward));

    /// <inheritdoc/>
    public Tensor Score(Tensor features)
    {
        Tensor pooled = Ops.GlobalAveragePool(features);
        return _head is null ? pooled : _head.Forward(pooled);
    }

    /// <summary>The first stage's input.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, width, oh, ow]</c>.</returns>
    /// <exception cref="ShapeException">The images have other channels than the model takes.</exception>
    public Tensor Stem(Tensor images)
    {
        if (images.Shape.Rank != 4 || images.Shape[1] != Config.Channels)
            throw new ShapeException(
                $"ResNet: images must be [batch, {Config.Channels}, height, width], got {images.Shape}.");
        Tensor x = _stem.Forward(images, relu: true);
        return _pool is null ? x : InScope(x, _pool.Forward);
    }

    /// <inheritdoc/>
    public override ForwardCost CountForward()
    {
        int size = Config.ImageSize;
        double stem = _stem.Macs(ref size), blocks = 0;
        if (_pool is not null) size = (size - 1) / 2 + 1;
        foreach (ResidualBlock block in Stages.SelectMany(stage => stage)) blocks += block.Macs(ref size);
        return new(stem, blocks, _head?.Weight.Shape.Elements ?? 0) { IsConvolutional = true };
    }

    /// <summary>Without a tape, temporaries and the input are given back as soon as there is a result: memory stays
    /// that of one block.</summary>
    private static Tensor InScope(Tensor x, Func<Tensor, Tensor> compute)
    {
        if (Tape.Current is not null) return compute(x);
        using StepScope scope = StepScope.Begin();
        Tensor y = scope.Return(compute(x));
        x.Release();
        return y;
    }
}
