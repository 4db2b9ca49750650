using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Explanation;

/// <summary>
/// Answers of a model as if it ended behind an earlier block: the final norm and the classifier head read that
/// block's tokens (nostalgebraist 2020, "Interpreting GPT: the logit lens"; for images Vilas et al. 2023, "Analyzing
/// Vision Transformers for image classification in class embedding space", arXiv:2310.18969).
/// </summary>
public static class LogitLens
{
    /// <summary>Scores behind the embedding, then behind each block; the last ones are the model's own.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="images"><c>[batch, channel, height, width]</c>, normalised.</param>
    /// <returns><c>[block + 1][image · class]</c>.</returns>
    public static IReadOnlyList<float[]> Of(IBlockModel model, Tensor images)
    {
        using StepScope scope = StepScope.Begin();
        int depth = model.Mechanisms.Count;
        TokenGrid grid = model.GridOf(images.Shape[2], images.Shape[3]);
        Tensor embedded = model.Embed(images);
        List<float[]> scores = [Read(embedded)];
        model.ForwardFrom(0, embedded, grid, new BlockRecorder { Tokens = (_, tokens) => scores.Add(Read(tokens)) });
        return scores;

        float[] Read(Tensor tokens) => model.ForwardFrom(depth, tokens, grid).ToArray();
    }
}
