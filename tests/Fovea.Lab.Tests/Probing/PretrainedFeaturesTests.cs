using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;

namespace Fovea.Lab.Tests.Probing;

/// <summary>Both methods of learning without classes on real images, for a minute.</summary>
[Trait("Category", "Slow")]
public sealed class PretrainedFeaturesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(PretrainingMethod.Mae, 5, 4e-3)]
    [InlineData(PretrainingMethod.Dino, 3, 2e-3)]
    public void The_loss_falls_and_classes_can_be_told_apart_by_what_was_learned(PretrainingMethod method, int epochs,
        double rate)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        DatasetSplits data = DatasetCatalogue.Load("cifar10", SharedData.Cifar(),
            new() { TrainLimit = 600, EvaluationLimit = 300 });
        Recipe recipe = PretrainingChoice.Start(Recipe.Default with
        {
            Pretraining = new()
            {
                Method = method,
                LocalCrops = 2,
                Outputs = 256,
                HiddenDim = 128,
                BottleneckDim = 64,
            },
        });
        recipe = recipe with
        {
            Model = new() { Name = "vit-cifar", Dim = 64, Depth = 2, Heads = 2, ImageSize = 32 },
            Optimisation = recipe.Optimisation with { Epochs = epochs, BatchSize = 50, LearningRate = rate },
            Schedule = recipe.Schedule with { WarmupEpochs = 1 },
            Run = new() { Out = _folder["run"], Track = Trackers.None },
        };
        Losses losses = new();

        TrainingRun.Start(recipe, losses, stop, data);

        // DINO's target sharpens and moves meanwhile: its loss falls from epoch to epoch only when that is done.
        if (method == PretrainingMethod.Mae) Assert.True(losses.Last < 0.75 * losses.First,
            $"from {losses.First} to {losses.Last}");
        else Assert.InRange(losses.Last, 0.1, Math.Log(256) * 1.05);
        LinearProbeResult linear = Probe.Run(FrozenModel.Load(_folder["run"], null, Device.Cpu), data,
            new() { Neighbours = [20], Epochs = 20 }, Device.Cpu, stop).Linear;
        Assert.True(linear.TestAccuracy > 0.17, $"{linear.TestAccuracy} of the test images; chance is 0.1");
    }

    /// <summary>Views that are parts of an image and nothing else: in 300 steps the student learns what the teacher
    /// says of the other parts, and the teacher tells more images apart than its first weights did (by 0.7
    /// nats).</summary>
    [Fact]
    public void Parts_of_an_image_are_recognised_and_images_are_told_apart()
    {
        DatasetSplits data = DatasetCatalogue.Load("cifar10", SharedData.Cifar(),
            new() { TrainLimit = 1000, EvaluationLimit = 100 });
        Recipe recipe = PretrainingChoice.Start(Recipe.Default with
        {
            Optimisation = Recipe.Default.Optimisation with { Epochs = 6 },
            Pretraining = new()
            {
                Method = PretrainingMethod.Dino,
                LocalCrops = 2,
                LocalScale = (0.1, 0.4),
                Outputs = 128,
                HiddenDim = 128,
                BottleneckDim = 64,
                TeacherMomentum = 0.98,
                TeacherTemperature = 0.04,
            },
        });
        recipe = recipe with
        {
            Model = new() { Name = "vit-nano", Dim = 64, Depth = 2, Heads = 2, ImageSize = 32 },
            Data = new() { Augmentation = "random-resized-crop:32:scale=0.4..1,hflip" },
            Optimisation = recipe.Optimisation with { Epochs = 6, BatchSize = 20, LearningRate = 8e-3 },
            Regularisation = new(),
            Run = new() { Out = _folder["run"], Track = Trackers.None },
        };

        TrainingRun.Start(recipe, new Losses(), TestContext.Current.CancellationToken, data);

        RunEvent[] epochs = [.. RunLog.ReadEvents(RunDirectory.ForResume(_folder["run"]))
            .Where(entry => entry.Event == "epoch")];
        Assert.True(epochs[^1].TrainLoss < 0.95 * epochs[0].TrainLoss,
            $"from {epochs[0].TrainLoss} to {epochs[^1].TrainLoss}");
        IReadOnlyDictionary<string, double> told = epochs[^1].Measures!;
        double apart = told["teacher_entropy_of_mean"] - told["teacher_entropy"];
        Assert.True(apart > 1, $"{apart} nats");
    }

    private sealed class Losses : IRunObserver
    {
        private readonly List<double> _all = [];

        public double First => _all[..5].Average();

        public double Last => _all[^5..].Average();

        public void Progressed(in StepProgress progress) => _all.Add(progress.BatchLoss);
    }
}
