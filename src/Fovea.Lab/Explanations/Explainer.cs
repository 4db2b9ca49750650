using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Plotting.Canvas;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Residual;

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
        int? wanted = ClassOf(target, classes, "class");
        List<ExplainedImage> explained = [];
        foreach (Batch batch in model.Each(images))
        {
            using StepScope scope = StepScope.Begin();
            Tensor image = batch.ToImages(model.Device);
            PlanarImage seen = Seen(batch.Images, model.Model.Config, model.Head.Data.Normalization);
            int i = explained.Count;
            (float[] scores, int explainedClass, IReadOnlyList<ExplainedFigure> figures) = Figures(model, image, seen,
                wanted, classes);
            explained.Add(
                new(names[i], Answer(classes, model.Probabilities(scores), truths[i], explainedClass), figures));
        }

        string name = model.Head.Recipe.Model.Name;
        string lead = model.Model is IAttentionModel attentive
            ? $"{name}, {model.Head.Data.Name}; attention: {model.Model.Config.Describe().Attention}; the head reads "
            + $"{attentive.ReadTokens}"
            : $"{name}, {model.Head.Data.Name}; {WithoutMaps(model)}: Grad-CAM shows where its last features speak for "
            + "the class";
        return new($"What {name} looks at", lead, explained, ModelFigures.Of(model.Model));
    }

    /// <summary>Everything that can be shown of one image.</summary>
    /// <param name="model">A transformer, or a residual network. It is changed meanwhile, as by <see cref="Overlay"/>.
    /// </param>
    /// <param name="image">As <see cref="TrainedModel.CreatePreparation"/> makes it.</param>
    /// <param name="target">Name or number of the class to explain; null: the one that the model says.</param>
    /// <exception cref="UsageException">There is no such class, or the model is of a kind that cannot be
    /// explained.</exception>
    public static ImageExplanation Explain(TrainedModel model, ReadOnlySpan<float> image, string? target = null)
    {
        IReadOnlyList<string> classes = model.Head.Data.ClassNames;
        int? wanted = ClassOf(target, classes, "class");
        PlanarImage seen = Seen(image, model.Model.Config, model.Head.Data.Normalization);
        using StepScope scope = StepScope.Begin();
        (float[] scores, int explained, IReadOnlyList<ExplainedFigure> figures) = Figures(model,
            model.ToTensor(image, 1), seen, wanted, classes);
        return new(explained, model.Probabilities(scores), figures);
    }

    /// <summary>Figures of a model that depend on no image: filters, positions, windows.</summary>
    public static IReadOnlyList<ExplainedFigure> OfModel(TrainedModel model) => ModelFigures.Of(model.Model);

    /// <summary>One map over one image: rollout, or relevance for a class (of a residual network Grad-CAM).</summary>
    /// <param name="model">A transformer, or a residual network. It is changed meanwhile: one explanation at a time;
    /// forward passes may run beside it.</param>
    /// <param name="image">As <see cref="TrainedModel.CreatePreparation"/> makes it.</param>
    /// <param name="kind">Kind of the map.</param>
    /// <param name="target">Name or number of the class to explain; null: the one that the model says.</param>
    /// <exception cref="UsageException">There is no such class, or the model has no such map.</exception>
    public static ExplainedOverlay Overlay(
        TrainedModel model, ReadOnlySpan<float> image, OverlayKind kind, string? target = null)
    {
        IReadOnlyList<string> classes = model.Head.Data.ClassNames;
        int? wanted = ClassOf(target, classes, "class");
        PlanarImage seen = Seen(image, model.Model.Config, model.Head.Data.Normalization);
        using StepScope scope = StepScope.Begin();
        Tensor tensor = model.ToTensor(image, 1);
        switch (model.Model)
        {
            case IAttentionModel attentive:
                using (AttentionTrace trace = AttentionTrace.Of(attentive, tensor, wanted,
                    gradients: kind == OverlayKind.Relevance))
                    return Result(trace.Scores, trace.Target,
                        kind == OverlayKind.Rollout ? trace.Rollout : trace.Relevance,
                        kind == OverlayKind.Rollout ? "Attention rollout" : "Relevance");
            case IFeatureMapModel when kind == OverlayKind.Rollout:
                throw new UsageException($"'{model.Head.Recipe.Model.Name}' has no attention to roll out: "
                    + $"{WithoutMaps(model)}; it has 'relevance', by Grad-CAM.");
            case IFeatureMapModel network:
                GradCam cam = GradCam.Of(network, tensor, wanted);
                return Result(cam.Scores, cam.Target, cam.Map, "Grad-CAM");
            default:
                throw Unexplainable(model);
        }

        ExplainedOverlay Result(float[] scores, int explained, PatchMap map, string name) =>
            new(explained, model.Probabilities(scores), AttentionFigures.Over(seen, map),
                AttentionFigures.Of(seen, map,
                    kind == OverlayKind.Rollout ? name : $"{name} for '{classes[explained]}'"));
    }

    /// <summary>Why a model with a map of features has no maps of attention over the image.</summary>
    private static string WithoutMaps(TrainedModel model) => model.Model is ResNet
        ? "a residual network has no attention" : "its stages attend on grids of their own";

    private static UsageException Unexplainable(TrainedModel model) => new(
        $"'{model.Head.Recipe.Model.Name}' has no attention to show; transformers and residual networks can be "
            + "explained.");

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
                throw Unexplainable(model);
        }
    }

    /// <summary>A class by its name or number; null: none was named.</summary>
    internal static int? ClassOf(string? target, IReadOnlyList<string> classes, string field)
    {
        if (target is null) return null;
        string wanted = CanonicalText.Compose(target);
        int named = classes.ToList().FindIndex(name => CanonicalText.Compose(name) == wanted);
        if (named >= 0) return named;
        if (int.TryParse(target, out int number) && (uint)number < (uint)classes.Count) return number;
        throw new UsageException(NearestName.Message("class", target, [.. classes])) { Field = field };
    }

    /// <summary>The image as the model saw it: cut, resized, and as bytes again.</summary>
    private static PlanarImage Seen(ReadOnlySpan<float> image, ModelConfig config, Normalization normalization)
    {
        Normalization used = normalization.ForChannels(config.Channels);
        int plane = config.ImageSize * config.ImageSize;
        byte[] samples = new byte[config.Channels * plane];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (byte)Math.Clamp(
                MathF.Round((image[i] * used.Std[i / plane] + used.Mean[i / plane]) * 255), 0, 255);
        return new(samples, config.Channels, config.ImageSize, config.ImageSize);
    }

    private static string Answer(IReadOnlyList<string> classes, double[] shares, string? truth, int explained)
    {
        int best = Array.IndexOf(shares, shares.Max());
        string answer = $"{classes[best]}, {shares[best] * 100:0} %";
        if (truth is not null)
            answer += CanonicalText.Compose(truth) == CanonicalText.Compose(classes[best]) ? ", which is right"
            : $"; in truth {truth}";
        return explained == best ? answer
            : $"{answer}; explained is {classes[explained]}, {shares[explained] * 100:0} %";
    }
}
