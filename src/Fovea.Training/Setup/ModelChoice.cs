using Fovea.Data;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;

namespace Fovea.Training.Setup;

/// <summary>The model that a recipe asks for, made to fit a dataset.</summary>
public static class ModelChoice
{
    /// <summary>Images up to this size are small: their models take any size, and need no resizing.</summary>
    private const int SmallImage = 64;

    /// <summary>Adapts the preset to a dataset.</summary>
    /// <param name="recipe">Names the preset and what to change of it.</param>
    /// <param name="data">The dataset; null: classes, channels and, unless the recipe says another, size stay the preset's.</param>
    /// <exception cref="UsageException">There is no such preset or attention, or sizes do not fit together.</exception>
    /// <exception cref="UsageException">The model has no such setting.</exception>
    public static ModelConfig Configure(Recipe recipe, DatasetInfo? data)
    {
        ModelConfig preset = Presets.Find(recipe.Model.Name).Config;
        ModelConfig config = Adapt(preset, recipe) with
        {
            ImageSize = recipe.Model.ImageSize ?? (data is null ? preset.ImageSize : DefaultSize(preset, data)),
            Channels = data?.Channels ?? preset.Channels,
            Classes = data?.Classes ?? preset.Classes,
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
                Embedding = Named("embedding", recipe.Model.Embedding, vit.Embedding),
                Position = Named("position", recipe.Model.Position, vit.Position),
                PositionStd = (float?)recipe.Model.PositionInit ?? vit.PositionStd,
                WeightInit = Named("weight-init", recipe.Model.WeightInit, vit.WeightInit),
                PatchSize = recipe.Model.PatchSize ?? vit.PatchSize,
                Dropout = (float?)rates.Dropout ?? vit.Dropout,
                DropPath = (float?)rates.DropPath ?? vit.DropPath,
            };
        }

        if (recipe.Model.Attention is not null) throw new UsageException($"--attention: the model '{recipe.Model.Name}' has none.");
        foreach ((string option, bool given) in ((string, bool)[])[
            ("embedding", recipe.Model.Embedding is not null), ("position", recipe.Model.Position is not null), ("patch-size", recipe.Model.PatchSize is not null),
            ("position-init", recipe.Model.PositionInit is not null), ("weight-init", recipe.Model.WeightInit is not null)])
            if (given) throw new UsageException($"--{option}: the model '{recipe.Model.Name}' has none.");
        if (rates.Dropout > 0) throw new UsageException($"--dropout: the model '{recipe.Model.Name}' has none.");
        if (rates.DropPath > 0) throw new UsageException($"--drop-path: the model '{recipe.Model.Name}' has none.");
        return preset;
    }

    /// <summary>The member of an enumeration that a recipe names, whatever its case.</summary>
    private static T Named<T>(string field, string? text, T otherwise) where T : struct, Enum
    {
        if (text is null) return otherwise;
        string[] names = [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];
        return Array.IndexOf(names, text.ToLowerInvariant()) is int index and >= 0
            ? Enum.GetValues<T>()[index]
            : throw new UsageException($"--{field}: {NearestName.Message(field, text, names)}");
    }

    private static int DefaultSize(ModelConfig preset, DatasetInfo data) =>
        preset.ImageSize <= SmallImage && data.Height == data.Width && data.Height <= SmallImage ? data.Height : preset.ImageSize;
}
