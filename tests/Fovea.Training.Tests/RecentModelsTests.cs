using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Training.Tests;

/// <summary>Small versions of the newest families learn from some real images, for seconds.</summary>
[Trait("Category", "Slow")]
public sealed class RecentModelsTests : IDisposable
{
    private const int TestImages = 500;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <remarks>Guessing is right for 10 % of the test images, by chance for up to 14 % of 500 (3 standard
    /// deviations).</remarks>
    [Theory]
    [InlineData("dinov3_vits16", 1000, "patch-size=4", "dim=64", "depth=2", "heads=2")]
    [InlineData("vit_base_patch16_siglip_224", 1000, "patch-size=4", "dim=64", "depth=2", "heads=2")]
    [InlineData("hybrid-nano", 1000)]
    [InlineData("swin-nano", 500)]
    [InlineData("cvt-nano", 500)]
    public void Two_epochs_leave_finite_weights_that_know_more_than_guessing(string preset, int images,
        params string[] options)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        DatasetSplits data = DatasetCatalogue.Load("cifar10", SharedData.Cifar(),
            new() { TrainLimit = images, EvaluationLimit = TestImages });
        Recipe recipe = Recipe.Default with
        {
            Model = new() { Name = preset, ImageSize = 32 },
            Optimisation = Recipe.Default.Optimisation with { Epochs = 2, BatchSize = 20 },
            Run = new() { Out = _folder["run"], Track = Trackers.None, EvaluateTraining = 0 },
        };
        foreach (string option in options)
            recipe = RecipeFields.Find(option.Split('=')[0])!.Write(recipe, option.Split('=')[1], option);
        List<double> losses = [];

        RunSummary summary = TrainingRun.Start(recipe, new SilentObserver(step => losses.Add(step.BatchLoss)), stop,
            data);

        Assert.Equal(2 * images / 20, losses.Count);
        Assert.All(losses, loss => Assert.True(double.IsFinite(loss)));
        using SafetensorsReader weights = SafetensorsReader.Open(RunDirectory.ForResume(_folder["run"]).LastCheckpoint);
        Assert.All(weights.Entries, entry =>
        {
            float[] values = new float[entry.Count];
            weights.Read(entry, values);
            Assert.All(values, value => Assert.True(float.IsFinite(value), entry.Name));
        });
        Assert.True(summary.TestAccuracy > 0.14, $"{summary.TestAccuracy} of the test images; chance is 0.1");
    }
}
