
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>Loaders of images as a model takes them.</summary>
public static class LoaderChoice
{
    /// <summary>Threads that prepare images unless a recipe says how many.</summary>
    internal static int UsualWorkers => Math.Clamp(Environment.ProcessorCount / 4, 1, 8);

    /// <summary>Training batches: shuffled, augmented and mixed as the recipe says.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="config">Size and channels that the model takes.</param>
    /// <param name="data">The images.</param>
    internal static DataLoader Training(Recipe recipe, ModelConfig config, DatasetSplits data)
    {
        LoaderOptions options = Options(config, recipe.Optimisation.BatchSize, recipe.Data.Workers) with
        {
            Shuffle = true,
            Seed = recipe.Run.Seed,
            Transforms = recipe.Data.Augmentation!,
            Repeats = recipe.Data.AugmentRepeats,
            Mixing = AugmentationChoice.Mixing(recipe.Regularisation),
        };
        return new(data.Train, options);
    }

    /// <summary>Batches in the dataset's order, without augmentation.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="config">Size and channels that the model takes.</param>
    /// <param name="batchSize">Images per batch.</param>
    /// <param name="workers">Threads that prepare them; null: chosen from the cores.</param>
    /// <param name="normalization">Mean and std of the model's training; null: those of the dataset.</param>
    /// <param name="sharing">Another loader, whose batches serve here while it is between epochs.</param>
    public static DataLoader Evaluation(
        IImageDataset dataset, ModelConfig config, int batchSize, int? workers, Normalization? normalization = null,
        DataLoader? sharing = null)
    {
        LoaderOptions options = Options(config, batchSize, workers) with
        {
            Normalization = normalization,
            Transforms = Augmentation.Evaluation(dataset.Info, config.ImageSize),
        };
        return new(dataset, options, sharing);
    }

    private static LoaderOptions Options(ModelConfig config, int batchSize, int? workers) => new()
    {
        BatchSize = batchSize,
        Channels = config.Channels,
        Height = config.ImageSize,
        Width = config.ImageSize,
        Workers = workers ?? UsualWorkers,
    };
}
