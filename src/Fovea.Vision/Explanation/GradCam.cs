using Fovea.Tensors;

namespace Fovea.Vision.Explanation;

/// <summary>Map of the positions whose last features speak for a class.</summary>
/// <remarks><code>
/// α_c = mean over positions of ∂score/∂F_c          map = max(0, Σ_c α_c F_c)
/// F [channel, row, column]: the features before pooling
/// </code>
/// Source: Selvaraju et al. 2017, "Grad-CAM", arXiv:1610.02391, eq. 1 and 2.
/// </remarks>
/// <param name="Map">Over the positions of the last features, with sum 1; zeros where nothing speaks for the
/// class.</param>
/// <param name="Scores">The model's answer: a score per class.</param>
/// <param name="Target">The class that is explained.</param>
public sealed record GradCam(PatchMap Map, float[] Scores, int Target)
{
    /// <summary>Sends an image through a model and a class score back to its last features.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="image"><c>[1, channel, height, width]</c>, normalised.</param>
    /// <param name="target">The class to explain; null: the one with the highest score.</param>
    /// <exception cref="ShapeException">Not one image, or not one that the model takes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such class.</exception>
    public static GradCam Of(IFeatureMapModel model, Tensor image, int? target = null)
    {
        if (image.Shape.Rank != 4 || image.Shape[0] != 1)
            throw new ShapeException($"GradCam: needs one image [1, channel, height, width], got {image.Shape}.");
        using StepScope scope = StepScope.Begin();
        Tensor features;
        using (Tape.Pause()) features = model.Features(image);
        features.RequiresGradient = true;
        using ScoreGradient score = ScoreGradient.Of(model.NamedParameters(), () => model.Score(features), target);
        (int channels, int rows, int columns) = (features.Shape[1], features.Shape[2], features.Shape[3]);
        using IDisposable pause = Tape.Pause();
        Tensor weights = Ops.Mean(features.Gradient!.Reshape(channels, rows * columns), 1).Reshape(1, channels);
        Tensor map = Ops.Relu(Ops.MatMul(weights, features.Reshape(channels, rows * columns)));
        return new(new PatchMap(rows, columns, map.ToArray()).Normalized(), score.Scores, score.Target);
    }
}
