using Fovea.Core.Collectives;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Classes;
using Fovea.Training.Models;
using Fovea.Training.Objectives;
using Fovea.Training.Ranks;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training;

/// <summary>Builds what a <see cref="Trainer"/> needs from a recipe.</summary>
public static class TrainingSetup
{
    /// <summary>A run from its beginning.</summary>
    /// <param name="recipe">The recipe; what it leaves open is chosen.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <param name="cached">Gets the images in the cache so far, and their total; null: not asked for.</param>
    /// <param name="ranks">The ranks that train together; null: this process alone.</param>
    /// <param name="stop">Ends that.</param>
    /// <exception cref="UsageException">A name does not exist, or a value makes no sense. Sizes do not fit
    /// together.</exception>
    /// <exception cref="DataException">The dataset cannot be read.</exception>
    /// <exception cref="CheckpointException">The weights to start from cannot be read or do not fit.</exception>
    public static TrainingParts New(
        Recipe recipe, DatasetSplits? data = null, Action<int, int>? cached = null, ICollective? ranks = null,
        CancellationToken stop = default)
    {
        LoadReport? report = null;
        List<string> notes = [];
        recipe = EarlierTraining.Continue(PretrainedWeights.Resolve(recipe), notes);
        TrainingParts parts = Build(recipe, ranks,
            () => SemiSupervisedChoice.Divide(recipe, data ?? DatasetChoice.Load(recipe, cached, stop)),
            (model, objective, device, info) =>
        {
            if (recipe.Model.Weights is string weights)
            {
                using WeightFile file = ModelWeights.Open(weights);
                PartialWeights partial = FineTuning.Partial(recipe);
                report = ModelWeights.Load(model, file, device, recipe.Run.Seed, recipe.Model.Strict, info, partial);
                notes.AddRange(FineTuning.Notes(report, ModelWeights.ClassesOf(file, info),
                    ModelWeights.MethodOf(file)));
            }
            else model.Initialize(device, recipe.Run.Seed);
            objective?.Initialize(device, recipe.Run.Seed);
        });
        parts.State.TrainListing = SemiSupervisedChoice.Listing(parts.Data);
        parts.State.ValidationListing = PartListing.Of(parts.Data.Validation);
        return WithAverage(parts) with { Weights = report, Notes = notes };
    }

    /// <summary>A run from a checkpoint on, bit for bit as if it had never stopped.</summary>
    /// <param name="checkpoint">The run's last one.</param>
    /// <param name="recipe">The checkpoint's recipe, with whatever may change in a resumed run.</param>
    /// <param name="data">The images; null: those that the recipe names.</param>
    /// <param name="cached">Gets the images in the cache so far, and their total; null: not asked for.</param>
    /// <param name="ranks">The ranks that train together; null: this process alone.</param>
    /// <param name="stop">Ends that.</param>
    /// <exception cref="CheckpointException">The checkpoint does not fit the recipe.</exception>
    /// <inheritdoc cref="New"/>
    public static TrainingParts Resume(
        CheckpointReader checkpoint, Recipe recipe, DatasetSplits? data = null, Action<int, int>? cached = null,
        ICollective? ranks = null, CancellationToken stop = default)
    {
        List<string> notes = [];
        TrainingState state = checkpoint.Head.State;
        DatasetSplits Load()
        {
            DatasetSplits loaded = data ?? DatasetChoice.Load(recipe, cached, stop);
            ClassMap classes = ClassMap.Of(checkpoint.Head.Data, loaded.Info)
                .Require(checkpoint.Path,
                    remedy: "A resumed run keeps its classes: a run of its own can start from its `weights`.");
            if (classes.Note is string note) notes.Add(note);
            loaded = SemiSupervisedChoice.Divide(recipe, classes.Apply(loaded));
            PartListing now = SemiSupervisedChoice.Listing(loaded);
            if (Change(state.TrainListing, now, loaded.Info.Name) is string change)
                notes.Add(recipe.Data.AllowChanged ? change : throw new UsageException(change)
                {
                    Remedy = "Bring the images back, start a run of its own from its `weights`, or go on with "
                        + "`changed-data`.",
                });
            state.TrainListing = now;
            return loaded;
        }

        TrainingParts parts = Build(recipe, ranks, Load, (model, objective, device, _) =>
        {
            model.Allocate(device);
            objective?.Allocate(device);
            checkpoint.LoadWeights(objective?.Learner ?? model);
        });
        state.Batch = Math.Min(state.Batch, parts.TrainLoader.BatchesPerEpoch);   // of what is left of the images
        PartListing validation = PartListing.Of(parts.Data.Validation);
        if (state is { ValidationListing: { } before, BestEpoch: not null } && before != validation)
        {
            (state.BestAccuracy, state.BestEpoch) = (null, null);
            notes.Add($"there were {before.Count} validation images and now there are {validation.Count}, or others: "
                + "the best weights are chosen anew, by these.");
        }

        state.ValidationListing = validation;
        if (recipe.Optimisation.Epochs < state.Epoch)
            notes.Add(
                $"the run has done {state.Epoch} epochs, more than the {recipe.Optimisation.Epochs} that are asked "
                + "for (`epochs`): nothing is trained, and its best weights are tested.");
        notes.AddRange(DeviceNotes(checkpoint.Head.Recipe.Run.Device, recipe.Run.Device));
        parts = WithAverage(parts) with { State = state, Notes = notes };
        checkpoint.LoadState(parts.Learner, parts.Optimizer, parts.Average);
        return parts;
    }

    /// <summary>A sentence on what has changed of the training images; null where nothing has, or where it is not
    /// known.</summary>
    private static string? Change(PartListing? was, PartListing now, string name)
    {
        if (was is null || was == now) return null;
        string what = was.Count == now.Count
            ? $"there are {now.Count} training images, as many as before, but with other names or classes"
            : $"there are {now.Count} training images, and there were {was.Count}";
        return $"the dataset '{name}' has changed since this run's checkpoint: {what}.";
    }

    private static IEnumerable<string> DeviceNotes(string before, string now)
    {
        if (before != now)
            yield return $"this run computed on '{before}' so far and goes on on '{now}': the results are those of "
                + "the same device within rounding, not to the last bit.";
    }

    private static TrainingParts Build(Recipe recipe, ICollective? ranks, Func<DatasetSplits> load,
        Action<ImageClassifier, Objective?, Device, DatasetInfo> fill)
    {
        Presets.Find(recipe.Model.Name);   // before the dataset is read, which may take a while
        OptimisationChoice.Require(recipe);
        RequireGradients(recipe.Run.Precision);
        PretrainingChoice.Require(recipe);
        SemiSupervisedChoice.Require(recipe);
        bool isPretraining = recipe.Pretraining.Method != PretrainingMethod.None;
        ranks ??= SingleProcess.Instance;
        DatasetSplits data = InTurn(ranks, recipe.Data.Cache is not null, load);
        if (!isPretraining) RequireClasses(data, recipe.Data.ClassCount);
        if (data.Info.IsMultiLabel) RequireOwnLabels(recipe, isPretraining);
        ModelConfig config = ModelChoice.Configure(recipe, data.Info);
        if (isPretraining) (config, data) = (config with { Classes = 0 }, PretrainingChoice.WithoutClasses(data));
        recipe = RecipeResolver.Resolve(recipe, config, data.Info);
        if (data.Train.Count == 0)
            throw new DataException($"dataset '{data.Info.Name}': there are no images to train on.");

        ShardChoice.RequireImages(ranks, data.Train.Count);
        BatchShards shards = new(ranks, recipe.Optimisation.Shards ?? 1);
        int? threads = RankThreads.Of(ranks);
        Device device = Device.Open(RankThreads.DeviceOf(ranks, recipe.Run.Device), recipe.Run.Threads ?? threads,
            recipe.Run.Precision, RankThreads.PinningOf(recipe.Run.Pinning, threads));
        if (device.Backend.UsesHostMemory) StepMemory.Require(recipe, config, shards);
        ImageClassifier model = config.Build();
        int steps = 0;
        Teacher? teacher = Teacher.Load(recipe.Distillation, config,
            LoaderChoice.Normalized(data.Info, recipe.Data), device);
        Objective? objective = ObjectiveChoice.Create(recipe, config, model, device, teacher,
            LoaderChoice.Unlabelled(recipe, config, data), () => steps);
        fill(model, objective, device, data.Info);
        FineTuning.Prepare(model, recipe);
        DataLoader train = LoaderChoice.Training(recipe, config, data, shards);
        steps = recipe.Optimisation.Epochs * train.BatchesPerEpoch;
        SmallestBatch.Require(recipe, config, train);
        DataLoader validation = LoaderChoice.Evaluation(data.Validation, config, recipe.Optimisation.BatchSize,
            recipe.Data, sharing: train);
        DataLoader test = LoaderChoice.Evaluation(data.Test, config, recipe.Optimisation.BatchSize, recipe.Data,
            sharing: validation);
        return new TrainingParts
        {
            Recipe = recipe,
            Device = device,
            Shards = shards,
            Threads = threads,
            Model = model,
            Objective = objective,
            Optimizer = OptimisationChoice.Optimizer(recipe.Optimisation, objective?.Learner ?? model),
            Schedule = OptimisationChoice.Schedule(recipe, train.BatchesPerEpoch),
            Average = null,
            Teacher = recipe.Distillation.IsOfFeatures ? null : teacher,
            Warnings = [.. device.Backend.Placement is string placement ? (string[])[placement] : [],
                .. FineTuning.Warnings(recipe, config),
                .. DatasetChoice.CacheWarning(recipe.Data, config, data.Info) is string small ? (string[])[small] : [],
                .. objective is SelfDistillation
                    && SelfDistillation.SlowTeacher(recipe.Pretraining, steps) is string slow ? (string[])[slow] : []],
            Data = data,
            TrainLoader = train,
            ValidationLoader = validation,
            TestLoader = test,
            TrainingSampleLoader = !isPretraining && Sample(recipe, data) is { Count: > 0 } sample
                ? LoaderChoice.Evaluation(sample, config, recipe.Optimisation.BatchSize, recipe.Data, sharing: test)
                : null,
        };
    }

    /// <summary>Training images to measure the result on: all classes alike, and as many as there are test images
    /// unless the recipe says.</summary>
    private static IImageDataset Sample(Recipe recipe, DatasetSplits data) =>
        Subset.Balanced(data.Train, recipe.Run.EvaluateTraining ?? data.Test.Count, recipe.Run.Seed);

    /// <summary>Loads on one rank of a machine before the others where it may write a file that they share. All ranks
    /// meet, those that write nothing too: whether one does is its own choice.</summary>
    private static DatasetSplits InTurn(ICollective ranks, bool writes, Func<DatasetSplits> load)
    {
        DatasetSplits? first = !writes || ranks.LocalRank == 0 ? load() : null;
        ranks.Barrier();
        return first ?? load();
    }

    private static void RequireGradients(Precision precision)
    {
        if (precision == Precision.Int8)
            throw new UsageException("products of int8 have no gradients: int8 is for inference.")
            {
                Field = "precision",
                Remedy = "Train in fp32 or bf16, and evaluate, predict or serve in int8.",
            };
    }

    /// <summary>Mixing and distillation are made for images of one class.</summary>
    private static void RequireOwnLabels(Recipe recipe, bool isPretraining)
    {
        if (isPretraining)
            throw new UsageException("learning without classes reads none; leave the list out.") { Field = "labels" };
        string? field = recipe.Regularisation.Mixup > 0 ? "mixup" : recipe.Regularisation.CutMix > 0 ? "cutmix"
            : recipe.Distillation.Teacher is not null ? "teacher" : null;
        if (field is not null)
            throw new UsageException("it is made for images of one class each, and these have several (`labels`); "
                + "leave one of the two out.")
            { Field = field };
    }

    /// <summary>A model that can give one answer only is always right.</summary>
    private static void RequireClasses(DatasetSplits data, int? count)
    {
        if (count is int wanted && wanted != data.Info.Classes)
            throw new UsageException(
                $"the dataset '{data.Info.Name}' has {data.Info.Classes} classes, not {wanted}; a model gets as many "
                    + "outputs as the data has classes, so leave this out, or choose some of them with `classes`.")
            { Field = "num-classes" };
        if (data.Info.Classes >= 2 || data.Info.IsMultiLabel) return;
        throw new DataException(
            $"dataset '{data.Info.Name}': there is one class only, "
                + $"'{string.Join(", ", data.Info.ClassNames)}', and nothing to tell it from; give the folder that "
                + "holds "
                + "one folder per class, two or more, or a list of images of several classes.");
    }

    private static TrainingParts WithAverage(TrainingParts parts)
    {
        WeightAverage? average =
            parts.Recipe.Regularisation is { EmaDecay: double decay, EmaWarmUp: AverageWarmUp warmUp }
                ? new(parts.Model, decay, warmUp) : null;
        parts.Objective?.Follow(average);
        return parts with { Average = average };
    }
}
