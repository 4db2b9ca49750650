using Fovea.Plotting;
using Fovea.Plotting.Canvas;

namespace Fovea.Lab.Explanations;

/// <summary>One map over one image, with the model's answer.</summary>
/// <param name="Target">The explained class.</param>
/// <param name="Probabilities">Of each class.</param>
/// <param name="Over">The map over the image.</param>
/// <param name="Figure">The image as the model sees it, and the map over it.</param>
public sealed record ExplainedOverlay(int Target, double[] Probabilities, PlanarImage Over, Figure Figure);

/// <summary>Maps over an image that say where a model looks.</summary>
public enum OverlayKind
{
    /// <summary>Attention weighted by its gradient, for a class; of a residual network Grad-CAM.</summary>
    Relevance,

    /// <summary>Attention through all blocks.</summary>
    Rollout,
}
