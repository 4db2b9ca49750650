using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Data.Transforms;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training.Setup;

/// <summary>Builds what a <see cref="Trainer"/> needs from a recipe.</summary>
public static class TrainingSetup
{
    /// <summary>A run from its beginning.</summary>
    /// <param name="recipe">What to do; what it leaves open is chosen.</param>
    /// <param name="data">The pictures; null: those that the recipe names.</param>
    /// <exception cref="UsageException">A name does not exist, or a value makes no sense.</exception>
    /// <exception cref="Nn.ConfigurationException">Sizes do not fit together.</exception>
    /// <exception cref="DataException">The dataset cannot be read.</exception>
    public static TrainingParts New(Recipe recipe, DatasetSplits? data = null)
    {
        TrainingParts parts = Build(recipe, data, (model, device, info) =>
        {
            model.Initialize(device, recipe.Run.Seed);
            if (recipe.Model.Weights is not string weights) return;
            using CheckpointReader checkpoint = CheckpointReader.Open(TrainedModel.FileOf(weights));
            bool knowsClasses = checkpoint.Head.Data.ClassNames.SequenceEqual(info.ClassNames);
            checkpoint.LoadWeights(model, averaged: true, ownHead: !knowsClasses);
        });
        return parts with { Average = Average(parts) };
    }

    /// <summary>A run from a checkpoint on, bit for bit as if it had never stopped.</summary>
    /// <param name="checkpoint">The run's last one.</param>
    /// <param name="recipe">The checkpoint's recipe, with whatever may change in a resumed run.</param>
    /// <param name="data">The pictures; null: those that the recipe names.</param>
    /// <exception cref="CheckpointException">The checkpoint does not fit the recipe.</exception>
    /// <inheritdoc cref="New"/>
    public static TrainingParts Resume(CheckpointReader checkpoint, Recipe recipe, DatasetSplits? data = null)
    {
        TrainingParts parts = Build(recipe, data, (model, device, _) =>
        {
            model.Allocate(device);
            checkpoint.LoadWeights(model);
        });
        parts = parts with { Average = Average(parts), State = checkpoint.Head.State };
        checkpoint.LoadState(parts.Model, parts.Optimizer, parts.Average);
        return parts;
    }

    /// <summary>A loader of pictures as the model takes them, in the dataset's order.</summary>
    /// <param name="dataset">The pictures.</param>
    /// <param name="config">Size and channels that the model takes.</param>
    /// <param name="batchSize">Pictures per batch.</param>
    /// <param name="workers">Threads that prepare them; null: chosen from the cores.</param>
    /// <param name="normalization">What the model was trained with; null: that of the dataset.</param>
    public static DataLoader EvaluationLoader(
        IImageDataset dataset, ModelConfig config, int batchSize, int? workers, Normalization? normalization = null) =>
        new(dataset, Options(config, batchSize, workers) with
        {
            Normalization = normalization,
            Transforms = Augmentation.Evaluation(dataset.Info, config.ImageSize),
        });

    private static TrainingParts Build(Recipe recipe, DatasetSplits? given, Action<ImageClassifier, Device, DatasetInfo> fill)
    {
        Presets.Find(recipe.Model.Name);   // before the dataset is read, which may take a while
        DatasetSplits data = given ?? DatasetChoice.Load(recipe);
        ModelConfig config = ModelChoice.Configure(recipe, data.Info);
        recipe = RecipeResolver.Resolve(recipe, config, data.Info);
        if (data.Train.Count == 0) throw new DataException($"dataset '{data.Info.Name}': there are no pictures to train on.");

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
            ValidationLoader = EvaluationLoader(data.Validation, config, recipe.Optimisation.BatchSize, recipe.Data.Workers),
            TestLoader = EvaluationLoader(data.Test, config, recipe.Optimisation.BatchSize, recipe.Data.Workers),
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
