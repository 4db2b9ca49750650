using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Loading;

namespace Fovea.Training.Setup;

/// <summary>Builds what a <see cref="Trainer"/> needs from a recipe.</summary>
public static class TrainingSetup
{
    /// <summary>A run from its beginning.</summary>
    /// <param name="recipe">What to do; what it leaves open is chosen.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <param name="observer">Is told while images are put into a cache; null: nobody is.</param>
    /// <param name="stop">Ends that.</param>
    /// <exception cref="UsageException">A name does not exist, or a value makes no sense.</exception>
    /// <exception cref="UsageException">Sizes do not fit together.</exception>
    /// <exception cref="DataException">The dataset cannot be read.</exception>
    /// <exception cref="CheckpointException">The weights to start from cannot be read or do not fit.</exception>
    public static TrainingParts New(
        Recipe recipe, DatasetSplits? data = null, IRunObserver? observer = null, CancellationToken stop = default)
    {
        LoadReport? report = null;
        TrainingParts parts = Build(recipe, () => data ?? DatasetChoice.Load(recipe, observer, stop), (model, device, info) =>
        {
            if (recipe.Model.Weights is string weights) report = ModelWeights.Load(model, weights, device, recipe.Run.Seed, recipe.Model.Strict, info);
            else model.Initialize(device, recipe.Run.Seed);
        });
        return parts with { Average = Average(parts), Weights = report };
    }

    /// <summary>A run from a checkpoint on, bit for bit as if it had never stopped.</summary>
    /// <param name="checkpoint">The run's last one.</param>
    /// <param name="recipe">The checkpoint's recipe, with whatever may change in a resumed run.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <param name="observer">Is told while images are put into a cache; null: nobody is.</param>
    /// <param name="stop">Ends that.</param>
    /// <exception cref="CheckpointException">The checkpoint does not fit the recipe.</exception>
    /// <inheritdoc cref="New"/>
    public static TrainingParts Resume(
        CheckpointReader checkpoint, Recipe recipe, DatasetSplits? data = null, IRunObserver? observer = null, CancellationToken stop = default)
    {
        TrainingParts parts = Build(recipe, () => data ?? DatasetChoice.Load(recipe, observer, stop), (model, device, _) =>
        {
            model.Allocate(device);
            checkpoint.LoadWeights(model);
        });
        parts = parts with { Average = Average(parts), State = checkpoint.Head.State };
        checkpoint.LoadState(parts.Model, parts.Optimizer, parts.Average);
        return parts;
    }

    /// <summary>A loader of images as the model takes them, in the dataset's order.</summary>
    /// <param name="dataset">The images.</param>
    /// <param name="config">Size and channels that the model takes.</param>
    /// <param name="batchSize">Images per batch.</param>
    /// <param name="workers">Threads that prepare them; null: chosen from the cores.</param>
    /// <param name="normalization">What the model was trained with; null: that of the dataset.</param>
    /// <param name="sharing">Another loader, whose batches serve here while it is between epochs.</param>
    public static DataLoader EvaluationLoader(
        IImageDataset dataset, ModelConfig config, int batchSize, int? workers, Normalization? normalization = null, DataLoader? sharing = null)
    {
        LoaderOptions options = Options(config, batchSize, workers) with
        {
            Normalization = normalization,
            Transforms = Augmentation.Evaluation(dataset.Info, config.ImageSize),
        };
        return new(dataset, options, sharing);
    }

    private static TrainingParts Build(Recipe recipe, Func<DatasetSplits> load, Action<ImageClassifier, Device, DatasetInfo> fill)
    {
        Presets.Find(recipe.Model.Name);   // before the dataset is read, which may take a while
        DatasetSplits data = load();
        ModelConfig config = ModelChoice.Configure(recipe, data.Info);
        recipe = RecipeResolver.Resolve(recipe, config, data.Info);
        if (data.Train.Count == 0) throw new DataException($"dataset '{data.Info.Name}': there are no images to train on.");

        Device device = DeviceChoice.Open(recipe.Run);
        ImageClassifier model = config.Build();
        fill(model, device, data.Info);
        FineTuning.Prepare(model, recipe);
        DataLoader train = new(data.Train, Options(config, recipe.Optimisation.BatchSize, recipe.Data.Workers) with
        {
            Shuffle = true,
            Seed = recipe.Run.Seed,
            Transforms = TransformPipeline.Parse(recipe.Data.Augmentation!),
            Repeats = recipe.Data.AugmentRepeats,
            Mixing = AugmentationChoice.Mixing(recipe.Regularisation),
        });
        DataLoader validation = EvaluationLoader(data.Validation, config, recipe.Optimisation.BatchSize, recipe.Data.Workers, sharing: train);
        return new TrainingParts
        {
            Recipe = recipe,
            Device = device,
            Model = model,
            Optimizer = OptimisationChoice.Optimizer(recipe.Optimisation, model),
            Schedule = OptimisationChoice.Schedule(recipe, train.BatchesPerEpoch),
            Average = null,
            Teacher = Teacher.Load(recipe.Distillation, config, data.Info, device),
            Warnings = [.. FineTuning.Warnings(recipe, config)],
            Data = data,
            TrainLoader = train,
            ValidationLoader = validation,
            TestLoader = EvaluationLoader(data.Test, config, recipe.Optimisation.BatchSize, recipe.Data.Workers, sharing: validation),
        };
    }

    private static WeightAverage? Average(TrainingParts parts) =>
        parts.Recipe.Regularisation.EmaDecay is double decay ? new WeightAverage(parts.Model, decay, warmUp: true) : null;

    private static LoaderOptions Options(ModelConfig config, int batchSize, int? workers) => new()
    {
        BatchSize = batchSize,
        Channels = config.Channels,
        Height = config.ImageSize,
        Width = config.ImageSize,
        Workers = workers ?? Math.Clamp(Environment.ProcessorCount / 4, 1, 8),
    };
}
