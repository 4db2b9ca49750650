using Fovea.Core.Collectives;
using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>
/// Batch norm of <c>[batch, channel, height, width]</c> (Ioffe and Szegedy 2015, arXiv:1502.03167): while training by
/// the statistics of the batch, else by the running ones. Parameters <c>weight [channel]</c> and <c>bias [channel]</c>,
/// buffers <c>running_mean</c>, <c>running_var [channel]</c> and <c>num_batches_tracked []</c>.
/// </summary>
public sealed class BatchNorm2d : Module
{
    private readonly float? _momentum;
    private readonly float _epsilon;

    /// <param name="channels">Channels.</param>
    /// <param name="momentum">A batch's share in the running statistics, 0 to 1; null: the mean of all batches.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="affine">Have a scale and a shift.</param>
    /// <param name="scaleInit">First scale; null: 1.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public BatchNorm2d(int channels, float? momentum = 0.1f, float epsilon = 1e-5f, bool affine = true,
        Initializer? scaleInit = null)
    {
        Check.AtLeast(1, channels, "BatchNorm2d: channels");
        Check.Between(0, 1, momentum ?? 0, "BatchNorm2d: momentum");
        Check.That(epsilon > 0, $"BatchNorm2d: epsilon must be above 0, got {epsilon}.");
        (_momentum, _epsilon) = (momentum, epsilon);
        if (affine)
        {
            Weight = Register(new Parameter("weight", [channels], scaleInit ?? Init.Ones, decay: false));
            Bias = Register(new Parameter("bias", [channels], Init.Zeros, decay: false));
        }

        RunningMean = Register(new ModuleBuffer("running_mean", [channels], Init.Zeros));
        RunningVariance = Register(new ModuleBuffer("running_var", [channels], Init.Ones));
        BatchesTracked = Register(new ModuleBuffer("num_batches_tracked", [], Init.Zeros, drawn: true));
    }

    /// <summary>Scale <c>[channel]</c>, or null.</summary>
    public Parameter? Weight { get; }

    /// <summary>Shift <c>[channel]</c>, or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>Mean over past batches <c>[channel]</c>.</summary>
    public ModuleBuffer RunningMean { get; }

    /// <summary>Unbiased variance over past batches <c>[channel]</c>.</summary>
    public ModuleBuffer RunningVariance { get; }

    /// <summary>Number of those batches.</summary>
    public ModuleBuffer BatchesTracked { get; }

    private protected override bool MixesImagesItself => true;

    /// <summary>relu?(norm(x) + residual), all in one operator.</summary>
    /// <param name="x"><c>[batch, channel, height, width]</c>.</param>
    /// <param name="residual">Added to the result, in x's shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    /// <exception cref="ShapeException">Sizes do not fit, or there is a single value per channel while
    /// training.</exception>
    public Tensor Forward(Tensor x, Tensor? residual = null, bool relu = false)
    {
        if (!Training)
            return Ops.FixedBatchNorm(x, Weight, Bias, RunningMean, RunningVariance, _epsilon, residual, relu);
        if (ShardMeeting.Current is { } shards) return Shared(x, residual, relu, shards);
        Update.Increment(BatchesTracked, 1);
        return Ops.BatchNorm(x, Weight, Bias, RunningMean, RunningVariance,
            _momentum ?? 1 / BatchesTracked.Value.Item(), _epsilon, residual, relu);
    }

    /// <summary>With the statistics of all shards of a batch, which the first shard of a rank counts.</summary>
    private Tensor Shared(Tensor x, Tensor? residual, bool relu, ShardMeeting.Seat shards)
    {
        float batches = shards.IsFirst ? BatchesTracked.Value.Item() + 1 : 1;
        Tensor y = Ops.SharedBatchNorm(x, Weight, Bias, RunningMean, RunningVariance, _momentum ?? 1 / batches,
            _epsilon,
            residual, relu, shards);
        if (shards.IsFirst) BatchesTracked.Value.CopyFrom([batches]);
        return y;
    }

    /// <summary>relu?(norm(convolution(x)) + residual): in evaluation one operator without intermediate
    /// result.</summary>
    /// <inheritdoc cref="Forward(Tensor, Tensor?, bool)"/>
    /// <param name="convolution">What comes before the norm.</param>
    /// <param name="x"><c>[batch, in, height, width]</c>.</param>
    /// <param name="residual">Added to the result, in its shape, or null.</param>
    /// <param name="relu">max(…, 0) at the end.</param>
    public Tensor Forward(Conv2d convolution, Tensor x, Tensor? residual = null, bool relu = false) => Training
        || Tape.Current is not null
        ? Forward(convolution.Forward(x), residual, relu)
        : convolution.ForwardNormed(x, this, _epsilon, residual, relu);
}
