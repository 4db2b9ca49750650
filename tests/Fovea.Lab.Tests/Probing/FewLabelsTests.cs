using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Tests.Probing;

/// <summary>Ten labels of each class of real images, alone and with images without labels, for a minute.</summary>
[Trait("Category", "Slow")]
public sealed class FewLabelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SemiMethod.None, 40)]
    [InlineData(SemiMethod.FixMatch, 6)]
    [InlineData(SemiMethod.MeanTeacher, 6)]
    public void Ten_labels_of_each_class_are_learned_above_chance(SemiMethod method, int epochs)
    {
        DatasetSplits data = DatasetCatalogue.Load("cifar10", SharedData.Cifar(),
            new() { TrainLimit = 2000, EvaluationLimit = 500 });
        Recipe recipe = Recipe.Default with
        {
            Model = new() { Name = "vit-cifar", Dim = 64, Depth = 2, Heads = 2, ImageSize = 32 },
            Optimisation = Recipe.Default.Optimisation with { Epochs = epochs, BatchSize = 20, LearningRate = 1e-3 },
            SemiSupervised = new() { Method = method, LabelsPerClass = 10, Ratio = 3, Threshold = 0.8 },
            Run = new() { Out = _folder["run"], Track = Trackers.None },
        };

        RunSummary summary = TrainingRun.Start(recipe, new Losses(), TestContext.Current.CancellationToken, data);

        Assert.True(summary.TestAccuracy > 0.13, $"{summary.TestAccuracy} of the test images; chance is 0.1");
    }

    private sealed class Losses : IRunObserver
    {
        public void Progressed(in StepProgress progress) =>
            Assert.True(double.IsFinite(progress.BatchLoss), $"step {progress.Step}: {progress.BatchLoss}");
    }
}
