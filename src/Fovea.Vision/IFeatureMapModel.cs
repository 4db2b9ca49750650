using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision;

/// <summary>A model whose last part reads a map of features over the image: Grad-CAM explains it.</summary>
public interface IFeatureMapModel
{
    /// <summary>The map before it is pooled, or before the last stage.</summary>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[batch, feature, row, column]</c>.</returns>
    /// <exception cref="ShapeException">The images have other channels than the model takes.</exception>
    Tensor Features(Tensor images);

    /// <summary>The model's answer to <see cref="Features"/>.</summary>
    /// <param name="features"><c>[batch, feature, row, column]</c>.</param>
    /// <returns>Logits <c>[batch, class]</c>; the features' means <c>[batch, feature]</c> if the model has no
    /// classifier head.</returns>
    Tensor Score(Tensor features);

    /// <inheritdoc cref="Module.NamedParameters"/>
    IEnumerable<(string Name, Parameter Parameter)> NamedParameters();
}
