using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;
using Fovea.Vision;
using Fovea.Vision.Tests.Attention;

namespace Fovea.Torch.Tests;

/// <summary>Whole runs on PyTorch's library, loss by loss against the CPU device.</summary>
public sealed class TrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Mechanisms => AttentionCatalogueTests.All;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_hundred_steps_have_the_losses_of_the_CPU()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = new() { Name = "vit-nano" },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 67 },
            Schedule = new() { Form = "cosine", WarmupEpochs = 5 },
            Run = new() { CheckpointEvery = null },
        };

        (double[] expected, double[] actual) = Losses(recipe);

        Assert.Equal(201, actual.Length);
        Assert.True(expected[^1] < 0.8 * expected[0], "the model does not learn");
        // Rounding differs from the first step on, and grows with them.
        for (int step = 0; step < actual.Length; step++) AssertClose(expected[step], actual[step], 1e-6 * (step + 1));
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Every_attention_mechanism_trains(string attention)
    {
        (double[] expected, double[] actual) = Losses(TinyRun.Recipe with
        {
            // the model has three heads
            Model = new() { Name = "vit-nano", ImageSize = 16, Attention = attention.Replace("groups=2", "groups=3") },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 },
        });

        for (int step = 0; step < actual.Length; step++) AssertClose(expected[step], actual[step], 2e-5);
    }

    [Theory]
    [InlineData("softmax", "rope+relative", Pooling.Map, MlpKind.SwiGlu, true)]
    [InlineData("sinkhorn:3", "learned+alibi", Pooling.Mean, MlpKind.GeGlu, false)]
    [InlineData("performer", "ropemixed", Pooling.Sequence, MlpKind.Relu, true)]
    [InlineData("softmax", "learned+ropemixed", Pooling.ClassToken, MlpKind.Silu, false)]
    public void Chosen_parts_train(string attention, string position, Pooling pooling, MlpKind mlp, bool parallel)
    {
        (double[] expected, double[] actual) = Losses(TinyRun.Recipe with
        {
            Model = new()
            {
                Name = "vit-nano",
                ImageSize = 16,
                Attention = attention,
                Position = position,
                Pooling = pooling,
                Mlp = mlp,
                ParallelBlocks = parallel,
                Norm = NormKind.RmsNorm,
                QkNorm = true,
                LayerScale = 0.1,
                Registers = 2,
                HeadDim = 8,
            },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 },
        });

        for (int step = 0; step < actual.Length; step++) AssertClose(expected[step], actual[step], 2e-5);
    }

    [Theory]   // the residual network by SGD: Adam's first steps take the sign of what is rounding only
    [InlineData("resnet18-cifar", 8, null, OptimizerKind.Sgd)]
    [InlineData("resnet18-cifar", 16, null, OptimizerKind.Sgd)]
    [InlineData("cct_2_3x2", 8, 4, OptimizerKind.AdamW)]
    [InlineData("deit_tiny_distilled_patch16_224", 8, 4, OptimizerKind.AdamW)]
    public void Other_families_train(string model, int imageSize, int? patchSize, OptimizerKind optimiser)
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, optimiser);
        (double[] expected, double[] actual) = Losses(start with
        {
            Model = new() { Name = model, ImageSize = imageSize, PatchSize = patchSize },
            Optimisation = start.Optimisation with { Epochs = 1, Optimizer = optimiser },
            Regularisation = new() { EmaDecay = 0.9, LabelSmoothing = 0.1 },
        });

        for (int step = 0; step < actual.Length; step++) AssertClose(expected[step], actual[step], 2e-5);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Lamb)]
    [InlineData(OptimizerKind.Lars)]
    [InlineData(OptimizerKind.Lion)]
    [InlineData(OptimizerKind.Adan)]
    [InlineData(OptimizerKind.ScheduleFree)]
    [InlineData(OptimizerKind.Muon)]
    [InlineData(OptimizerKind.AdamW, true)]
    [InlineData(OptimizerKind.Muon, true)]
    public void Every_optimiser_steps(OptimizerKind optimiser, bool cautious = false)
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, optimiser);
        (double[] expected, double[] actual) = Losses(start with
        {
            Optimisation = start.Optimisation with
            {
                Optimizer = optimiser,
                ClipGradient = 0.5,
                Cautious = cautious,
            },
            Regularisation = start.Regularisation with { EmaDecay = null },
        });

        for (int step = 0; step < actual.Length; step++) AssertClose(expected[step], actual[step], 2e-5);
    }

    [Theory]
    [InlineData("cpu", "torch")]
    [InlineData("torch", "cpu")]
    public void A_run_goes_on_on_another_device_within_rounding_and_says_so(string first, string second)
    {
        _ = Support.Torch.Device;
        List<double> whole = [], rest = [];
        TinyRun.Start(On(TinyRun.Recipe, "cpu"), _folder["whole"],
            new SilentObserver(step => whole.Add(step.BatchLoss)));
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 4) stop.Cancel(); });
        Assert.Throws<OperationCanceledException>(() =>
            TinyRun.Start(On(TinyRun.Recipe, first), _folder["parts"], interrupting, stop));

        SilentObserver observer = new(step => rest.Add(step.BatchLoss));
        RunDirectory run = TinyRun.Resume(_folder["parts"], recipe => On(recipe, second), observer);

        Assert.Equal(5, rest.Count);
        for (int step = 0; step < rest.Count; step++) AssertClose(whole[4 + step], rest[step], 2e-5);
        Assert.Contains(observer.Warnings,
            warning => warning.Contains($"'{first}'") && warning.Contains($"'{second}'"));
        Assert.True(File.Exists(run.LastCheckpoint));
    }

    [Fact]
    public void Two_runs_of_one_seed_have_the_same_losses()
    {
        _ = Support.Torch.Device;
        Assert.Equal(LossesOn(On(TinyRun.Recipe, Support.Torch.Name), "a"),
            LossesOn(On(TinyRun.Recipe, Support.Torch.Name), "b"));
    }

    private (double[] Expected, double[] Actual) Losses(Recipe recipe)
    {
        _ = Support.Torch.Device;
        return (LossesOn(On(recipe, "cpu"), "cpu"), LossesOn(On(recipe, Support.Torch.Name), "torch"));
    }

    private double[] LossesOn(Recipe recipe, string name)
    {
        List<double> losses = [];
        TinyRun.Start(recipe, _folder[name], new SilentObserver(step => losses.Add(step.BatchLoss)));
        return [.. losses];
    }

    private static Recipe On(Recipe recipe, string device) =>
        recipe with { Run = recipe.Run with { Device = device } };

    private static void AssertClose(double expected, double actual, double relative) =>
        Assert.True(Math.Abs(actual - expected) <= relative * Math.Abs(expected), $"{actual:R}, expected {expected:R}");
}
