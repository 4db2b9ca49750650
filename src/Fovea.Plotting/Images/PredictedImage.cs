using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Images;

/// <summary>An image with its true class and a model's prediction.</summary>
/// <param name="Image">The image as it was before normalisation.</param>
/// <param name="Truth">The name of its class.</param>
/// <param name="Predicted">The name of the most probable class.</param>
/// <param name="Probability">That class's probability, 0 to 1.</param>
public sealed record PredictedImage(PlanarImage Image, string Truth, string Predicted, double Probability)
{
    /// <summary>True if the model predicted the true class.</summary>
    public bool IsCorrect => Truth == Predicted;
}
