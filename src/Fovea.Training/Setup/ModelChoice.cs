using Fovea.Data;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Setup;

/// <summary>The model that a recipe asks for, made to fit a dataset.</summary>
public static class ModelChoice
{
    /// <summary>Adapts the preset to a dataset.</summary>
    /// <param name="recipe">Names the preset and what to change of it.</param>
    /// <param name="data">The dataset; null: classes, channels and, unless the recipe says another, size stay the
    /// preset's.</param>
    /// <exception cref="UsageException">There is no such preset, the model has no such setting, or sizes do not fit
    /// together.</exception>
    public static ModelConfig Configure(Recipe recipe, DatasetInfo? data)
    {
        ModelConfig preset = Presets.Find(recipe.Model.Name).Config;
        ModelConfig config = preset.Apply(Options(recipe)) with
        {
            ImageSize = recipe.Model.SizeFor(preset, data),
            Channels = data?.Channels ?? preset.Channels,
            Classes = data?.Classes ?? preset.Classes,
        };
        config.Validate();
        return config;
    }

    private static ModelOptions Options(Recipe recipe) => new()
    {
        Attention = recipe.Model.Attention,
        AttentionGate = recipe.Model.AttentionGate,
        Embedding = recipe.Model.Embedding,
        Position = recipe.Model.Position,
        PositionGrid = recipe.Model.PositionGrid,
        Dim = recipe.Model.Dim,
        Depth = recipe.Model.Depth,
        Heads = recipe.Model.Heads,
        HeadDim = recipe.Model.HeadDim,
        MlpRatio = recipe.Model.MlpRatio,
        Mlp = recipe.Model.Mlp,
        Norm = recipe.Model.Norm,
        QkNorm = recipe.Model.QkNorm ? true : null,
        ParallelBlocks = recipe.Model.ParallelBlocks ? true : null,
        LayerScale = (float?)recipe.Model.LayerScale,
        Registers = recipe.Model.Registers,
        Pooling = recipe.Model.Pooling,
        PositionStd = (float?)recipe.Model.PositionInit,
        WeightInit = recipe.Model.WeightInit,
        PatchSize = recipe.Model.PatchSize,
        Dropout = (float?)recipe.Regularisation.Dropout,
        DropPath = (float?)recipe.Regularisation.DropPath,
    };
}
