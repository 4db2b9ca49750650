using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Images;

/// <summary>An image, what it shows and what a model took it for.</summary>
/// <param name="Image">The image as it was before normalisation.</param>
/// <param name="Truth">The name of its class.</param>
/// <param name="Predicted">The name of the most probable class.</param>
/// <param name="Probability">That class's probability, 0 to 1.</param>
public sealed record PredictedImage(PlanarImage Image, string Truth, string Predicted, double Probability)
{
    /// <summary>Whether the model was right.</summary>
    public bool IsCorrect => Truth == Predicted;
}
