using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision;

/// <summary>A model from images to class scores.</summary>
public abstract class ImageClassifier : Module
{
    /// <summary>The model's description.</summary>
    public abstract ModelConfig Config { get; }

    /// <summary>
    /// Gradient checkpointing: while a tape records, a block keeps nothing but its input and is computed again in the
    /// backward pass. Models that are not made of blocks ignore it; see <see cref="CanRecompute"/>.
    /// </summary>
    public bool RecomputesBlocks { get; set; }

    /// <summary><see cref="RecomputesBlocks"/> has an effect.</summary>
    public virtual bool CanRecompute => false;

    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns>Logits <c>[batch, class]</c>; pooled features <c>[batch, dim]</c> if the model has no classifier
    /// head.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    public abstract Tensor Forward(Tensor images);

    /// <summary>The scores of each classifier head, before they are averaged; most models have one.</summary>
    /// <inheritdoc cref="Forward(Tensor)"/>
    public virtual HeadScores ForwardHeads(Tensor images) => new(Forward(images));

    /// <summary>Pooled features: the input of the classifier head, whether or not the model has one.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, dim]</c>.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    /// <exception cref="NotSupportedException">The model does not pool.</exception>
    public virtual Tensor PooledFeatures(Tensor images) =>
        throw new NotSupportedException($"{GetType().Name} has no pooled features.");

    /// <summary>Cost of the forward pass of one image of the configured size; the model need not be
    /// allocated.</summary>
    public abstract ForwardCost CountForward();

    /// <summary>
    /// A weight of another model of this family as this one takes it: positions resampled to this one's grid, and of a
    /// packed projection what an attention without queries and keys has. The weight itself where nothing is to be done
    /// or nothing can be.
    /// </summary>
    /// <param name="name">Dotted name.</param>
    /// <param name="value">The other model's values.</param>
    public virtual Tensor AdaptWeight(string name, Tensor value) => value;
}
