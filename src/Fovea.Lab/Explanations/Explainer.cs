using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Plotting.Canvas;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;

namespace Fovea.Lab.Explanations;

/// <summary>Explains what a trained model makes of images.</summary>
public static class Explainer
{
    /// <summary>Explains a model on some images, one after another.</summary>
    /// <param name="model">A transformer, or a residual network.</param>
    /// <param name="images">The images.</param>
    /// <param name="names">A name for each.</param>
    /// <param name="truths">The class of each, or null where it is unknown.</param>
    /// <param name="target">Name or number of the class to explain; null: of each image the one that the model
    /// says.</param>
    /// <exception cref="UsageException">There is no such class, or the model is of a kind that cannot be
    /// explained.</exception>
    /// <exception cref="DataException">An image cannot be read.</exception>
    public static ModelExplanation Explain(
        TrainedModel model, IImageDataset images, IReadOnlyList<string> names, IReadOnlyList<string?> truths,
        string? target = null)
    {
        IReadOnlyList<string> classes = model.Head.Data.ClassNames;
        int? wanted = target is null ? null : ClassOf(target, classes);
        List<ExplainedImage> explained = [];
        foreach (Batch batch in model.Each(images))
        {
            using StepScope scope = StepScope.Begin();
            Tensor image = batch.ToImages(model.Device);
            PlanarImage seen = Seen(batch, model.Head.Data.Normalization);
            int i = explained.Count;
            (float[] scores, int explainedClass, IReadOnlyList<ExplainedFigure> figures) = Figures(model, image, seen,
                wanted, classes);
            explained.Add(new(names[i], Answer(classes, scores, truths[i], explainedClass), figures));
        }

        string name = model.Head.Recipe.Model.Name;
        string lead = model.Model is IAttentionModel attentive
            ? $"{name}, {model.Head.Data.Name}; attention: {model.Model.Config.Describe().Attention}; the head reads "
            + $"{attentive.ReadTokens}"
            : $"{name}, {model.Head.Data.Name}; a residual network has no attention: Grad-CAM shows where its last "
            + "features speak for the class";
        return new($"What {name} looks at", lead, explained, ModelFigures.Of(model.Model));
    }

    private static (float[] Scores, int Target, IReadOnlyList<ExplainedFigure> Figures) Figures(
        TrainedModel model, Tensor image, PlanarImage seen, int? wanted, IReadOnlyList<string> classes)
    {
        switch (model.Model)
        {
            case IAttentionModel attentive:
                using (AttentionTrace trace = AttentionTrace.Of(attentive, image, wanted))
                    return (trace.Scores, trace.Target,
                        [.. AttentionFigures.Of(trace, seen, attentive.ReadTokens, classes[trace.Target]),
                            .. MechanismFigures.Of(trace, seen)]);
            case IFeatureMapModel network:
                GradCam cam = GradCam.Of(network, image, wanted);
                return (cam.Scores, cam.Target, [AttentionFigures.Of(cam, seen, classes[cam.Target])]);
            default:
                throw new UsageException(
                    $"'{model.Head.Recipe.Model.Name}' has no attention to show; transformers and residual networks "
                        + "can be explained.");
        }
    }

    private static int ClassOf(string target, IReadOnlyList<string> classes)
    {
        string wanted = CanonicalText.Compose(target);
        int named = classes.ToList().FindIndex(name => CanonicalText.Compose(name) == wanted);
        if (named >= 0) return named;
        if (int.TryParse(target, out int number) && (uint)number < (uint)classes.Count) return number;
        throw new UsageException(NearestName.Message("class", target, [.. classes])) { Field = "class" };
    }

    /// <summary>The image as the model saw it: cut, resized, and as bytes again.</summary>
    private static PlanarImage Seen(Batch batch, Normalization normalization)
    {
        Normalization used = normalization.ForChannels(batch.Channels);
        int plane = batch.Height * batch.Width;
        byte[] samples = new byte[batch.Channels * plane];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (byte)Math.Clamp(
                MathF.Round((batch.Images[i] * used.Std[i / plane] + used.Mean[i / plane]) * 255), 0, 255);
        return new(samples, batch.Channels, batch.Height, batch.Width);
    }

    private static string Answer(IReadOnlyList<string> classes, float[] scores, string? truth, int explained)
    {
        double[] shares = Classification.Probabilities(scores);
        int best = Array.IndexOf(shares, shares.Max());
        string answer = $"{classes[best]}, {shares[best] * 100:0} %";
        if (truth is not null)
            answer += CanonicalText.Compose(truth) == CanonicalText.Compose(classes[best]) ? ", which is right"
            : $"; in truth {truth}";
        return explained == best ? answer
            : $"{answer}; explained is {classes[explained]}, {shares[explained] * 100:0} %";
    }
}
