
using Fovea.Core.Collectives;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
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
    /// <param name="shards">Which of a batch's images this rank prepares; null: all.</param>
    internal static DataLoader Training(Recipe recipe, ModelConfig config, DatasetSplits data,
        BatchShards? shards = null)
    {
        LoaderOptions options = Options(config, recipe.Optimisation.BatchSize, recipe.Data) with
        {
            Normalization = Normalized(data.Info, recipe.Data).Normalization,
            Shuffle = true,
            Processes = shards?.Ranks.LocalSize ?? 1,
            Share = shards is null || shards.Ranks.Size == 1 ? null : shards.Share,
            Seed = recipe.Run.Seed,
            Transforms = recipe.Data.Augmentation!,
            Repeats = recipe.Data.AugmentRepeats,
            Mixing = AugmentationChoice.Mixing(recipe.Regularisation),
            Views = PretrainingChoice.Views(recipe, config),
            Length = data.Unlabelled is null ? null
                : SemiSupervisedChoice.Steps(recipe, data) * recipe.Optimisation.BatchSize,
        };
        return new(data.Train, options);
    }

    /// <summary>Batches without labels, as many as there are training batches: the view that the model learns, and one
    /// behind it that the target is made of. Null: there are no such images.</summary>
    /// <inheritdoc cref="Training"/>
    internal static DataLoader? Unlabelled(Recipe recipe, ModelConfig config, DatasetSplits data)
    {
        if (data.Unlabelled is not { } images) return null;
        SemiSupervisedSection how = recipe.SemiSupervised;
        int size = (int)Math.Min(int.MaxValue, (long)recipe.Optimisation.BatchSize * how.UsedRatio);
        Philox key = Philox.For(recipe.Run.Seed, "unlabelled");
        TransformPipeline weak = SemiSupervisedChoice.Sized(recipe,
            SemiSupervisedChoice.Weak(recipe.Data.Augmentation!), data.Info);
        return new(images, Options(config, size, recipe.Data) with
        {
            Normalization = Normalized(data.Info, recipe.Data).Normalization,
            Shuffle = true,
            Seed = key.Word(0) | (ulong)key.Word(1) << 32,
            Length = (int)Math.Min(int.MaxValue, (long)SemiSupervisedChoice.Steps(recipe, data) * size),
            Transforms = how.Method == SemiMethod.FixMatch
                ? SemiSupervisedChoice.Sized(recipe, how.Strong!, data.Info) : weak,
            Views = [new(weak, config.ImageSize)],
        });
    }

    /// <summary>Batches in the dataset's order, without augmentation.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="config">Size and channels that the model takes.</param>
    /// <param name="batchSize">Images per batch.</param>
    /// <param name="how">How images are resized and cut, and the threads that prepare them.</param>
    /// <param name="normalization">Mean and std of the model's training; null: those of <paramref name="how"/>, or the
    /// dataset's.</param>
    /// <param name="sharing">Another loader, whose batches serve here while it is between epochs.</param>
    /// <param name="learned">What the images of the model's training are, which decides how images are looked at; null:
    /// these are like them.</param>
    public static DataLoader Evaluation(
        IImageDataset dataset, ModelConfig config, int batchSize, DataSection how, Normalization? normalization = null,
        DataLoader? sharing = null, DatasetInfo? learned = null) =>
        new(dataset, Evaluation(learned ?? dataset.Info, config, batchSize, how, normalization), sharing);

    /// <summary>Preparation of single images, with the bits of <see cref="Evaluation(IImageDataset, ModelConfig, int,
    /// DataSection, Normalization?, DataLoader?, DatasetInfo?)"/>.</summary>
    internal static ImagePreparation Preparation(
        DatasetInfo data, ModelConfig config, DataSection how, Normalization? normalization = null) =>
        new(data, Evaluation(data, config, 1, how, normalization));

    private static LoaderOptions Evaluation(
        DatasetInfo data, ModelConfig config, int batchSize, DataSection how, Normalization? normalization) =>
        Options(config, batchSize, how) with
        {
            Normalization = normalization ?? Normalized(data, how).Normalization,
            Transforms = Augmentation.Evaluation(data, config.ImageSize, how.CropShare,
                how.Interpolation ?? Interpolation.Bilinear),
        };

    /// <summary>The dataset with the mean and deviation that a recipe wants instead of its own.</summary>
    internal static DatasetInfo Normalized(DatasetInfo data, DataSection how) => data with
    {
        Normalization = new(Channels(how.Mean, data.Channels) ?? data.Normalization.Mean,
            Channels(how.Std, data.Channels) ?? data.Normalization.Std),
    };

    /// <summary>One value per channel; of images in grey the one that colours are weighted to.</summary>
    private static IReadOnlyList<float>? Channels((double, double, double)? colours, int channels)
    {
        if (colours is not (double red, double green, double blue)) return null;
        float[] values = [(float)red, (float)green, (float)blue];
        return channels == 3 ? values : values.Distinct().Count() == 1 ? [values[0]]
            : new Normalization(values, values).ForChannels(channels).Mean;
    }

    private static LoaderOptions Options(ModelConfig config, int batchSize, DataSection how) => new()
    {
        BatchSize = batchSize,
        Channels = config.Channels,
        Height = config.ImageSize,
        Width = config.ImageSize,
        Interpolation = how.Interpolation ?? Interpolation.Bilinear,
        Workers = how.Workers ?? UsualWorkers,
    };
}
