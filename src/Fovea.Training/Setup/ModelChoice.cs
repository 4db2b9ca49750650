using Fovea.Data;
using Fovea.Nn;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Attention;

namespace Fovea.Training.Setup;

/// <summary>The model that a recipe asks for, made to fit a dataset.</summary>
public static class ModelChoice
{
    /// <summary>Pictures up to this size are small: their models take any size, and need no resizing.</summary>
    private const int SmallImage = 64;

    /// <summary>Adapts the preset.</summary>
    /// <exception cref="ConfigurationException">There is no such preset or attention, or sizes do not fit together.</exception>
    /// <exception cref="UsageException">The model has no such setting.</exception>
    public static ModelConfig Configure(Recipe recipe, DatasetInfo data)
    {
        ModelConfig preset = Presets.Find(recipe.Model.Name).Config;
        ModelConfig config = Adapt(preset, recipe) with
        {
            ImageSize = recipe.Model.ImageSize ?? DefaultSize(preset, data),
            Channels = data.Channels,
            Classes = data.Classes,
        };
        config.Validate();
        return config;
    }

    private static ModelConfig Adapt(ModelConfig preset, Recipe recipe)
    {
        RegularisationSection rates = recipe.Regularisation;
        if (preset is VisionTransformerConfig vit)
        {
            return vit with
            {
                Attention = recipe.Model.Attention is string attention ? AttentionList.Parse(attention) : vit.Attention,
                Dropout = (float?)rates.Dropout ?? vit.Dropout,
                DropPath = (float?)rates.DropPath ?? vit.DropPath,
            };
        }

        if (recipe.Model.Attention is not null) throw new UsageException($"--attention: the model '{recipe.Model.Name}' has none.");
        if (rates.Dropout > 0) throw new UsageException($"--dropout: the model '{recipe.Model.Name}' has none.");
        if (rates.DropPath > 0) throw new UsageException($"--drop-path: the model '{recipe.Model.Name}' has none.");
        return preset;
    }

    private static int DefaultSize(ModelConfig preset, DatasetInfo data) =>
        preset.ImageSize <= SmallImage && data.Height == data.Width && data.Height <= SmallImage ? data.Height : preset.ImageSize;
}
