using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Training.Tests.Support;

/// <summary>Runs that take a second: 4 tokens an image, a few dozen images.</summary>
internal static class TinyRun
{
    /// <summary>3 epochs of 3 steps, with everything on that has a state.</summary>
    public static Recipe Recipe { get; } = new()
    {
        Model = new() { Name = "vit-nano", ImageSize = 8 },
        Data = new() { Augmentation = "hflip" },
        Optimisation = new() { Epochs = 3, BatchSize = 16 },
        Schedule = new() { Form = "constant", WarmupEpochs = 1 },
        Regularisation = new() { Dropout = 0.1, DropPath = 0.1, EmaDecay = 0.9, LabelSmoothing = 0.1 },
        Run = new() { LogEvery = 2, CheckpointEvery = 1 },
    };

    public static DatasetSplits Images { get; } = ShapesDataset.Load(seed: 0, train: 40, validation: 20, test: 20);

    /// <summary>Trains from the beginning.</summary>
    public static RunDirectory Start(Recipe recipe, string path, IRunObserver? observer = null,
        CancellationTokenSource? stop = null, DatasetSplits? data = null)
    {
        RunDirectory run = RunDirectory.Create(path, "m", "d", DateTime.UnixEpoch);
        using RunLog log = RunLog.Begin(run);
        new Trainer(TrainingSetup.New(recipe, data ?? Images), run, log, observer ?? new SilentObserver())
            .Run(stop?.Token ?? CancellationToken.None);
        return run;
    }

    /// <summary>Goes on from the last checkpoint.</summary>
    public static RunDirectory Resume(string path, Func<Recipe, Recipe>? change = null, IRunObserver? observer = null)
    {
        RunDirectory run = RunDirectory.ForResume(path);
        using CheckpointReader checkpoint = CheckpointReader.Open(run.LastCheckpoint);
        Recipe recipe = checkpoint.Head.Recipe;
        TrainingParts parts = TrainingSetup.Resume(checkpoint, change?.Invoke(recipe) ?? recipe, Images);
        using RunLog log = RunLog.Continue(run, parts.State.Epoch, parts.State.Step);
        new Trainer(parts, run, log, observer ?? new SilentObserver()).Run(CancellationToken.None);
        return run;
    }
}
