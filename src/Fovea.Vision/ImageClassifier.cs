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
}
