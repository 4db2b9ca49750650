using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention.Kernels;

/// <summary>
/// The random directions P of FAVOR+ and the features made with them: buffer <c>projection_matrix [feature,
/// headDim]</c>, drawn, not learned. With a redraw every K steps, P is drawn anew before every K-th recorded forward
/// pass, from the step's random numbers; the count is a buffer too, so that a resumed run draws the same.
/// </summary>
public sealed class RandomProjection : Module
{
    private readonly ModuleBuffer _projection;
    private readonly ModuleBuffer? _steps;
    private readonly PerformerOptions _options;
    private readonly float _factor;

    /// <param name="headDim">Elements of a head's query.</param>
    /// <param name="options">Features.</param>
    public RandomProjection(int headDim, PerformerOptions options)
    {
        (_options, _factor) = (options, MathF.Sqrt(options.Scale));
        _projection = Register(
            new ModuleBuffer("projection_matrix", [options.Features, headDim], OrthogonalFeatures.Draw, drawn: true));
        if (options.RedrawEvery > 0)
            _steps = Register(new ModuleBuffer("projection_steps", [1], Init.Zeros, drawn: true));
    }

    /// <summary>
    /// Values mixed by the features' products; see <see cref="Ops.KernelAttention"/>. A recorded call while training
    /// counts as a training step.
    /// </summary>
    /// <returns><c>[batch, query, head · headDim]</c>.</returns>
    public Tensor Mix(
        HeadTensor queries, HeadTensor keys, HeadTensor values, TokenRelation? relation = null,
        Tensor? queryWeights = null, Tensor? keyWeights = null)
    {
        CountStep();
        return Ops.KernelAttention(
            Features(queries, shared: false), Features(keys, shared: true), values, FeatureMap.Identity, relation,
            queryWeights, keyWeights);
    }

    /// <summary>The weights of <see cref="Mix"/>, unfused: <c>[batch, head, query, key]</c>.</summary>
    public Tensor Weights(
        HeadTensor queries, HeadTensor keys, TokenRelation? relation = null, Tensor? queryWeights = null,
        Tensor? keyWeights = null) =>
        KernelProbabilities.Of(
            PackedHeads.Split(Features(queries, shared: false)), PackedHeads.Split(Features(keys, shared: true)),
            relation: relation, queryWeights: queryWeights, keyWeights: keyWeights);

    /// <summary>MACs of features and sums for one sequence.</summary>
    internal double Macs(double queries, double keys, AttentionContext context) =>
        (queries + keys) * context.Heads * _options.Features * (2 * context.HeadDim + 1);

    /// <summary>One for each feature of the softmax kernel; the ReLU kernel has none.</summary>
    internal double Exponentials(double queries, double keys, AttentionContext context) =>
        _options.Kernel == FeatureKernel.Softmax ? (queries + keys) * context.Heads * _options.Features : 0;

    /// <summary>Features of queries and keys, <c>[batch, head, token, feature]</c>, for what mixes by more than their
    /// products; <see cref="CountStep"/> goes before.</summary>
    internal (Tensor Queries, Tensor Keys) Features(HeadTensor queries, HeadTensor keys) =>
        (PackedHeads.Split(Features(queries, shared: false)), PackedHeads.Split(Features(keys, shared: true)));

    /// <summary>Features as heads of their own; keys share their stabilising maximum, queries have one each.</summary>
    private HeadTensor Features(HeadTensor x, bool shared) =>
        new(Ops.RandomFeatures(x, _projection.Value, _options.Kernel, shared, _factor, _options.Stabilizer), x.Count);

    /// <summary>Counts a training step, and draws anew where it is time.</summary>
    internal void CountStep()
    {
        if (!Training || _steps is null || Tape.Current is null || Tape.IsRecomputing) return;
        if (!Context.IsFirstPart) return;
        float done = _steps.Value.Item();   // exact up to 2²⁴
        if (done >= _options.RedrawEvery)
        {
            float[] values = new float[_projection.Shape.Elements];
            OrthogonalFeatures.Draw(values, _projection.Shape, LayerRandom());
            _projection.Value.CopyFrom(values);
            done = 0;
        }

        _steps.Value.CopyFrom([done + 1]);
    }
}
