using Fovea.Core.Formats;
using Fovea.Data.Loading;
using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Objectives;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Objectives;

public sealed class PretrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>3 epochs of 3 steps on images of 16 patches.</summary>
    private static Recipe RecipeOf(PretrainingMethod method)
    {
        Recipe start = PretrainingChoice.Start(Recipe.Default with { Pretraining = new() { Method = method } });
        return start with
        {
            Model = new() { Name = "vit-nano", ImageSize = 16 },
            Optimisation = start.Optimisation with { Epochs = 3, BatchSize = 16, LearningRate = 0.02 },
            Schedule = new() { Form = "constant", WarmupEpochs = 1 },
            Regularisation = new() { Dropout = 0.1, DropPath = 0.1 },
            Pretraining = new()
            {
                Method = method,
                LocalCrops = 2,
                Outputs = 32,
                HiddenDim = 24,
                BottleneckDim = 16,
            },
            Run = new() { LogEvery = 2, Threads = 1 },
        };
    }

    [Theory]
    [InlineData(PretrainingMethod.Mae, 1)]
    [InlineData(PretrainingMethod.Mae, 2)]
    [InlineData(PretrainingMethod.Dino, 1)]
    [InlineData(PretrainingMethod.Dino, 2)]
    public void A_run_that_is_interrupted_ends_with_the_same_bits_with_other_threads(PretrainingMethod method,
        int parts)
    {
        Recipe recipe = RecipeOf(method);
        recipe = recipe with { Optimisation = recipe.Optimisation with { GradientAccumulation = parts } };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 4) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], interrupting, stop));
        RunDirectory resumed = TinyRun.Resume(_folder["parts"],
            old => old with { Run = old.Run with { Threads = 3 }, Data = old.Data with { Workers = 3 } });

        Assert.Equal(SavedTensors.Of(whole.LastCheckpoint), SavedTensors.Of(resumed.LastCheckpoint));
        Assert.Equal(SavedTensors.Of(whole.BestCheckpoint), SavedTensors.Of(resumed.BestCheckpoint));
        Assert.Equal(Untimed(whole), Untimed(resumed));
    }

    [Fact]
    public void Every_image_of_every_step_has_a_mask_of_its_own_of_the_right_size()
    {
        (int[] visible, int[] hidden) = MaskedAutoencoder.Mask(seed: 5, step: 7, place: 3, patches: 64, ratio: 0.75);
        Assert.Equal((16, 48), (visible.Length, hidden.Length));
        Assert.Equal(Enumerable.Range(0, 64), visible.Concat(hidden).Order());
        Assert.Equal(visible.Order(), visible);
        Assert.Equal(visible, MaskedAutoencoder.Mask(5, 7, 3, 64, 0.75).Visible);
        foreach ((ulong seed, int step, int place) in ((ulong, int, int)[])[(6, 7, 3), (5, 8, 3), (5, 7, 4)])
            Assert.NotEqual(visible, MaskedAutoencoder.Mask(seed, step, place, 64, 0.75).Visible);
        Assert.Equal(49, MaskedAutoencoder.Mask(0, 0, 0, 196, 0.75).Visible.Length);   // as published
        Assert.Equal(6, MaskedAutoencoder.Mask(0, 0, 0, 10, 0.4).Visible.Length);   // 1 - 0.4 is not quite 0.6
    }

    /// <summary>In double from the paper's code: final + 0.5 (base − final) (1 + cos(π i / steps)).</summary>
    [Fact]
    public void The_teachers_schedules_are_those_of_the_paper()
    {
        for (int step = 0; step < 10; step++)
            Assert.Equal(1 + 0.5 * (0.996 - 1) * (1 + Math.Cos(Math.PI * step / 10)),
                SelfDistillation.Momentum(0.996, step, 10), 1e-15);
        Assert.Equal(1, SelfDistillation.Momentum(0.996, 10, 10), 1e-15);
        PretrainingSection options = new()
        {
            FirstTeacherTemperature = 0.04,
            TeacherTemperature = 0.07,
            TeacherWarmupEpochs = 4,
        };
        double[] expected = [0.04, 0.05, 0.06, 0.07, 0.07, 0.07];   // numpy.linspace(0.04, 0.07, 4), then 0.07
        for (int epoch = 0; epoch < expected.Length; epoch++)
            Assert.Equal(expected[epoch], SelfDistillation.Temperature(options, epoch, 6), 1e-15);
        Assert.Equal(0.9 * 2 + 0.1 * -1, SelfDistillation.Center(2, -1, 0.9), 1e-15);
    }

    /// <summary>utils.cosine_scheduler(0.04, 0.4, ...) of the paper's code, without warm-up.</summary>
    [Fact]
    public void Weight_decay_rises_as_in_the_paper_and_reaches_the_optimiser()
    {
        Recipe recipe = RecipeOf(PretrainingMethod.Dino);
        OptimisationSection how = recipe.Optimisation;
        Assert.Equal((0.04, 0.4), (how.WeightDecay, how.FinalWeightDecay));
        Assert.Equal(30, PretrainingChoice.Start(recipe).Pretraining.TeacherWarmupEpochs);
        for (int step = 0; step < 9; step++)
            Assert.Equal(0.4 + 0.5 * (0.04 - 0.4) * (1 + Math.Cos(Math.PI * step / 9)),
                how.WeightDecay * how.WeightDecayFactor(step, 9), 1e-15);
        Assert.Equal(1, (how with { FinalWeightDecay = null }).WeightDecayFactor(4, 9));

        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        RunDirectory run = RunDirectory.Create(_folder["run"], "m", "d", DateTime.UnixEpoch);
        using (RunLog log = RunLog.Begin(run))
            new Trainer(parts, run, log, new SilentObserver()).Run(TestContext.Current.CancellationToken);
        Assert.Equal(how.WeightDecayFactor(8, 9), parts.Optimizer.WeightDecayFactor);

        UsageException none = Assert.Throws<UsageException>(() => OptimisationChoice.Require(
            recipe with { Optimisation = how with { WeightDecay = 0 } }));
        Assert.Equal("weight-decay-end", none.Field);
    }

    [Theory]
    [InlineData(0.996, 187, 0.69, "`teacher-momentum` 0.951")]
    [InlineData(0.996, 20, 0.96, "more `epochs`, or a smaller `batch-size`")]
    [InlineData(0.996, 1151, 0.1001, "`teacher-momentum` 0.992")]
    [InlineData(0.996, 1200, 0.09, null)]
    [InlineData(0.95, 187, 0.009, null)]
    public void A_teacher_that_stays_what_it_was_is_told(double momentum, int steps, double kept, string? remedy)
    {
        double product = Enumerable.Range(0, steps).Aggregate(1.0,
            (all, step) => all * SelfDistillation.Momentum(momentum, step, steps));
        Assert.Equal(kept, product, 0.01);
        Assert.Equal(product, SelfDistillation.Kept(momentum, steps), 0.01);
        string? told = SelfDistillation.SlowTeacher(new() { TeacherMomentum = momentum }, steps);
        Assert.Equal(remedy is null, told is null);
        if (remedy is not null) Assert.Contains(remedy, told!);
    }

    [Fact]
    public void The_teacher_is_the_average_of_the_student_and_the_last_layer_waits_an_epoch()
    {
        Recipe recipe = RecipeOf(PretrainingMethod.Dino);
        recipe = recipe with
        {
            Optimisation = recipe.Optimisation with { Epochs = 1 },
            Pretraining = recipe.Pretraining with { TeacherMomentum = 0.5 },
            Run = recipe.Run with { CheckpointEvery = 1, KeepCheckpoints = 10 },
        };
        RunDirectory run = TinyRun.Start(recipe, _folder["run"]);
        Dictionary<string, float[]>[] steps =
            [.. Enumerable.Range(1, 3).Select(step => SavedTensors.Of(run.StepCheckpoint(step)))];

        const string Name = "blocks.0.mlp.fc1.weight";
        for (int step = 1; step < 3; step++)
        {
            double keep = SelfDistillation.Momentum(0.5, step, 3);
            float[] before = steps[step - 1]["objective.teacher." + Name], student = steps[step][Name],
                after = steps[step]["objective.teacher." + Name];
            for (int i = 0; i < after.Length; i++)
                Assert.Equal(keep * before[i] + (1 - keep) * student[i], after[i], 1e-6);
            Assert.NotEqual(before, after);
        }

        const string Last = "objective.head.last_layer.weight_v", First = "objective.head.mlp.0.weight";
        Assert.Equal(steps[0][Last], steps[2][Last]);
        Assert.NotEqual(steps[0][First], steps[2][First]);
        Assert.NotEqual(new float[32], steps[0]["objective.center"]);
        Assert.Equal(steps[2]["objective.teacher." + Name], SavedTensors.Of(run.BestCheckpoint)[Name]);
    }

    [Fact]
    public void The_teachers_entropies_are_logged_and_a_collapse_is_told()
    {
        SilentObserver observer = new();
        RunDirectory run = TinyRun.Start(RecipeOf(PretrainingMethod.Dino), _folder["run"], observer);
        RunEvent[] epochs = [.. RunLog.ReadEvents(run).Where(entry => entry.Event == "epoch")];

        Assert.Equal(3, epochs.Length);
        foreach (RunEvent epoch in epochs)
        {
            double own = epoch.Measures!["teacher_entropy"], ofMean = epoch.Measures["teacher_entropy_of_mean"];
            Assert.InRange(own, 0, ofMean + 1e-6);   // entropy is concave
            Assert.InRange(ofMean, 0, Math.Log(32) + 1e-6);
            Assert.Null(epoch.TrainAccuracy);
        }

        Assert.DoesNotContain(observer.Warnings, warning => warning.Contains("collapse"));
        Recipe flat = RecipeOf(PretrainingMethod.Dino);
        TinyRun.Start(flat with
        {
            Pretraining = flat.Pretraining with { TeacherTemperature = 1e5, FirstTeacherTemperature = 1e5 },
        }, _folder["flat"], observer);
        Assert.Contains(observer.Warnings, warning => warning.StartsWith("epoch 1: collapse: the teacher finds all"));
    }

    [Theory]
    [InlineData(PretrainingMethod.Mae)]
    [InlineData(PretrainingMethod.Dino)]
    public void The_result_is_the_presets_model_alone_and_a_classifier_starts_from_it(PretrainingMethod method)
    {
        RunDirectory run = TinyRun.Start(RecipeOf(method), _folder["run"]);
        Recipe recipe = FineTuning.Start(
            Recipe.Default with { Model = new() { Name = "vit-nano", Weights = run.Path } });
        recipe = recipe with { Optimisation = recipe.Optimisation with { Epochs = 1 } };
        foreach (string weights in (string[])[run.Path, run.LastCheckpoint])
        {
            TrainingParts parts = TrainingSetup.New(recipe with
            {
                Model = recipe.Model with { Weights = weights },
            }, TinyRun.Images, stop: TestContext.Current.CancellationToken);
            Assert.Equal(["head.bias", "head.weight"], parts.Weights!.Missing.Order());
            Assert.Empty(parts.Weights.Unexpected);
            Assert.Null(parts.Objective);
            Assert.Contains(parts.Notes, note => note.Contains("pretrained without classes"));
            Assert.Equal(16, parts.Model.Config.ImageSize);
        }

        Assert.DoesNotContain(SavedTensors.Of(run.BestCheckpoint).Keys, name => name.StartsWith("objective."));
        Assert.Contains("has no answers",
            Assert.Throws<UsageException>(() => TrainedModel.Load(run.Path, Device.Cpu)).Message);
    }

    [Theory]
    [InlineData("mae", "attention=neighborhood", "attention", "needs the whole grid")]
    [InlineData("mae", "attention=softmax:window=3", "attention", "needs the whole grid")]
    [InlineData("mae", "position=rope", "position", "inside attention")]
    [InlineData("mae", "embedding=convolution", "embedding", "hidden beside them")]
    [InlineData("mae", "mask-ratio=0.99", "mask-ratio", "0 would be visible")]
    [InlineData("mae", "decoder-dim=48", "decoder-dim", "heads have 32 elements")]
    [InlineData("mae", "label-smoothing=0.1", "label-smoothing", "no classes")]
    [InlineData("mae", "freeze=1", "freeze", "all of a model")]
    [InlineData("dino", "ema=0.9", "ema", "there can be no other")]
    [InlineData("dino", "local-size=6", "local-size", "do not divide")]
    [InlineData("dino", "augment=hflip", "augment", "random-resized-crop")]
    [InlineData("dino", "shards=2", "shards", "cannot be cut")]
    public void What_a_method_cannot_do_is_refused(string method, string setting, string field, string reason)
    {
        Recipe recipe = RecipeOf(method == "mae" ? PretrainingMethod.Mae : PretrainingMethod.Dino);
        recipe = RecipeFields.Find(setting.Split('=')[0])!.Write(recipe, setting.Split('=', 2)[1], setting);
        UsageException error = Assert.Throws<UsageException>(() =>
            TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken));
        Assert.Equal(field, error.Field);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void Views_of_an_image_are_drawn_apart_whatever_prepares_them()
    {
        Recipe recipe = RecipeOf(PretrainingMethod.Dino);
        CancellationToken stop = TestContext.Current.CancellationToken;
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: stop),
            others = TrainingSetup.New(recipe with { Data = recipe.Data with { Workers = 3 } }, TinyRun.Images,
                stop: stop);
        float[][] first = Views(parts), second = Views(others);

        Assert.Equal([16, 8, 8], parts.TrainLoader.Epoch(0).First().Views.Select(view => view.Size));
        for (int view = 0; view < 4; view++) Assert.Equal(first[view], second[view]);
        Assert.NotEqual(first[0], first[1]);
        Assert.NotEqual(first[2], first[3]);

        static float[][] Views(TrainingParts parts)
        {
            Batch batch = parts.TrainLoader.Epoch(1).First();
            return [[.. batch.Images], .. batch.Views.Select(view => view.Images.ToArray())];
        }
    }

    private static IEnumerable<string> Untimed(RunDirectory run) => RunLog.ReadEvents(run)
        .Select(entry => JsonText.Line(entry with { Seconds = null, ImagesPerSecond = null }));
}
