using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Attention.Kernels;

namespace Fovea.Vision.Attention.Mixing;

/// <summary>
/// How queries mix the values of keys that need not be the tokens' own, nor as many: the part of a mechanism that is
/// left when its keys have been chosen. A new way is a class and a line in <see cref="Create"/>.
/// </summary>
internal abstract class KeyMixing : Module
{
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="values">Values.</param>
    /// <param name="bias">Added to the scores, <c>[batch, head, query, key]</c>, where a way has scores; null: there is
    /// none.</param>
    /// <returns>Mixed values, <c>[batch, query, head · headDim]</c>.</returns>
    public abstract Tensor Forward(HeadTensor queries, HeadTensor keys, HeadTensor values, Tensor? bias = null);

    /// <summary>MACs for one sequence.</summary>
    public abstract double Macs(double queries, double keys);

    /// <summary>Exponentials for one sequence.</summary>
    public abstract double Exponentials(double queries, double keys);

    /// <returns>The weights of <see cref="Forward"/>, unfused: <c>[batch, head, query, key]</c>.</returns>
    public abstract Tensor Weights(HeadTensor queries, HeadTensor keys, Tensor? bias = null);

    /// <param name="context">Sizes and dropout.</param>
    /// <param name="performer">Random features to mix with; null: softmax.</param>
    public static KeyMixing Create(AttentionContext context, PerformerOptions? performer) =>
        performer is null ? new SoftmaxMixing(context) : new PerformerMixing(context, performer);
}
