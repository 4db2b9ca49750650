using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision;

/// <summary>A model from images to class scores.</summary>
public abstract class ImageClassifier : Module
{
    /// <summary>What it was built from.</summary>
    public abstract ModelConfig Config { get; }

    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns>Logits <c>[batch, class]</c>; pooled features <c>[batch, dim]</c> if the model has no head.</returns>
    /// <exception cref="ShapeException">The images are not of the size or channels that the model takes.</exception>
    public abstract Tensor Forward(Tensor images);

    /// <summary>
    /// A weight of another model of this kind as this one takes it: positions resampled to this one's grid, and of a packed projection what an
    /// attention without queries and keys has. The weight itself where nothing is to be done or nothing can be.
    /// </summary>
    /// <param name="name">Dotted name.</param>
    /// <param name="value">The other model's values.</param>
    public virtual Tensor Fitted(string name, Tensor value) => value;
}
