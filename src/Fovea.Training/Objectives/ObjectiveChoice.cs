using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Embedding;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Training.Objectives;

/// <summary>The objective that a recipe asks for.</summary>
internal static class ObjectiveChoice
{
    /// <summary>Mechanisms that treat tokens as a set, wherever they come from.</summary>
    private static readonly string[] OfSets = ["softmax", "sigmoid", "sinkhorn", "differential", "linear", "performer"];

    /// <summary>Makes it; null where classes alone are learned.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="config">The model.</param>
    /// <param name="model">Built, without memory.</param>
    /// <param name="device">Device of the model.</param>
    /// <param name="teacher">The model to learn from, or null.</param>
    /// <param name="unlabelled">Images without labels, or null.</param>
    /// <param name="steps">Steps of the run, once its images are known.</param>
    /// <exception cref="UsageException">The model cannot learn it.</exception>
    public static Objective? Create(Recipe recipe, ModelConfig config, ImageClassifier model, Device device,
        Teacher? teacher, DataLoader? unlabelled, Func<int> steps)
    {
        if (unlabelled is not null)
            return recipe.SemiSupervised.Method == SemiMethod.FixMatch
                ? new FixMatch(model, unlabelled, recipe.SemiSupervised, device)
                : new MeanTeacher(model, unlabelled, recipe.SemiSupervised, SemiSupervisedChoice.RampUpEpochs(recipe),
                    device);
        PretrainingSection options = recipe.Pretraining;
        if (options.Method == PretrainingMethod.None)
            return teacher is null || !recipe.Distillation.IsOfFeatures ? null
                : recipe.Optimisation.Freeze is null ? throw new UsageException(
                    "all but the head is frozen, so features learn nothing from the teacher.")
                {
                    Field = "distill",
                    Remedy = "A head learns a teacher's classes: soft or hard.",
                }
                : new FeatureDistillation(model as VisionTransformer
                    ?? throw new UsageException(
                        $"'{recipe.Model.Name}' is no Vision Transformer, whose features can be taught here.")
                    {
                        Field = "distill",
                        Remedy = "Any model learns a teacher's classes: soft or hard.",
                    }, teacher, recipe.Distillation, device);
        if (model is not VisionTransformer transformer)
            throw new UsageException(
                $"'{recipe.Model.Name}' is no Vision Transformer, which is what is pretrained here.")
            { Field = "model" };
        if (options.Method == PretrainingMethod.Mae)
        {
            if (Obstacle(transformer) is (string field, string sentence))
                throw new UsageException($"mae encodes the visible patches alone: {sentence}.") { Field = field };
            return new MaskedAutoencoder(transformer, options, recipe.Run.Seed, device);
        }

        RequireSize(config, PretrainingChoice.LocalSize(recipe, config));
        return new SelfDistillation(model, config, options, recipe.Optimisation.Epochs, steps, device);
    }

    /// <summary>Part of a model that needs the whole grid of patches; null: there is none.</summary>
    private static (string Field, string Sentence)? Obstacle(VisionTransformer model)
    {
        VisionTransformerConfig config = model.Config;
        if (config.Embedding != EmbeddingKind.Patch || config.Backbone is not null)
            return ("embedding", "convolutions would show them what is hidden beside them; take patch");
        foreach (PositionKind kind in (PositionKind[])[PositionKind.Rope, PositionKind.RopeMixed,
            PositionKind.Relative, PositionKind.Alibi])
            if (config.Position.Has(kind))
                return ("position", "a position inside attention needs the whole grid; take learned or sincos2d");
        for (int block = 0; block < config.Depth; block++)
        {
            string name = config.Attention.Of(block).Name;
            if (!OfSets.Contains(name) || model.Mechanisms[block] is ILocalAttention { Locality: not null })
                return ("attention",
                    $"'{config.Attention.Of(block)}' needs the whole grid; take {string.Join(", ", OfSets)}, without "
                        + "windows");
        }

        return null;
    }

    /// <summary>Tries small images where nothing is computed.</summary>
    private static void RequireSize(ModelConfig config, int size)
    {
        Device device = Device.CreateMeta();
        ImageClassifier model = config.Build();
        model.Allocate(device);
        model.Train(false);
        using StepScope scope = StepScope.Begin();
        try
        {
            model.PooledFeatures(Tensor.Zeros([1, config.Channels, size, size], device));
        }
        catch (Exception error) when (error is ShapeException or UsageException)
        {
            throw new UsageException(
                $"the model takes no parts of {size} pixels, which dino shows it besides whole images: {error.Message}")
            {
                Field = "local-size",
                Remedy = "Another `attention` or `position` takes images of any size; `local-crops` 0 leaves them out.",
            };
        }
    }
}
