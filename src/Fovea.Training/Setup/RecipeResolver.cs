using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Setup;

/// <summary>Replaces what a recipe leaves open by what is then used, so that the run directory tells all.</summary>
public static class RecipeResolver
{
    /// <summary>The recipe with model and dataset spelled as the catalogues do.</summary>
    /// <exception cref="UsageException">There is no such dataset. There is no such model.</exception>
    public static Recipe WithCanonicalNames(Recipe recipe) => recipe with
    {
        Model = recipe.Model with { Name = Presets.Find(recipe.Model.Name).Name },
        Data = recipe.Data with
        {
            Dataset = recipe.Data.Dataset is string name ? DatasetCatalogue.Canonical(name)
            : null
        },
    };

    /// <summary>The recipe with every choice that does not depend on the machine.</summary>
    internal static Recipe Resolve(Recipe recipe, ModelConfig config, DatasetInfo data) =>
        SemiSupervisedChoice.Resolve(Resolve(recipe, config, config.Describe(), data));

    private static Recipe Resolve(Recipe recipe, ModelConfig config, ModelOptions model, DatasetInfo data) =>
        recipe with
        {
            Model = recipe.Model with
            {
                Name = Presets.Find(recipe.Model.Name).Name,
                Attention = model.Attention,
                Embedding = model.Embedding,
                Position = model.Position,
                // that of weights is told when they are opened
                PositionGrid = recipe.Model is { Weights: null, Pretrained: null } ? model.PositionGrid
                    : recipe.Model.PositionGrid,
                PositionInit = (double?)(decimal?)model.PositionStd,
                WeightInit = model.WeightInit,
                PatchSize = model.PatchSize,
                ImageSize = config.ImageSize,
            },
            Data = recipe.Data with
            {
                Dataset = data.Name,
                Augmentation = AugmentationChoice.Transforms(recipe, data, config.ImageSize),
            },
            Schedule = recipe.Schedule with
            {
                WarmupEpochs = recipe.Schedule.WarmupEpochs ?? WarmUp(recipe),
            },
        };

    private static double WarmUp(Recipe recipe) => recipe.Schedule.Form.HasOwnWarmUp ? 0
        : recipe.Pretraining.Method != PretrainingMethod.None ? Math.Round(recipe.Optimisation.Epochs / 10.0, 1)
        : Math.Min(1, recipe.Optimisation.Epochs / 10.0);
}
