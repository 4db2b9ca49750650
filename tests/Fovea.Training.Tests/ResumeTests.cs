using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]   // inside the first epoch
    [InlineData(3)]   // at its last step, before the evaluation
    [InlineData(5)]
    public void A_run_that_is_interrupted_and_resumed_ends_with_the_same_bits(int steps)
    {
        RunDirectory whole = TinyRun.Start(TinyRun.Recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == steps) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() =>
            TinyRun.Start(TinyRun.Recipe, _folder["parts"], interrupting, stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
    }

    /// <summary>Figures of fewer epochs are none of a run that has more to do, whatever ends it.</summary>
    [Fact]
    public void A_finished_run_that_gets_more_epochs_is_not_finished_until_it_has_them()
    {
        RunDirectory run = new(_folder["run"]);
        TrainingRun.Start(TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 },
            Run = TinyRun.Recipe.Run with { Out = run.Path },
        }, new SilentObserver(), CancellationToken.None, TinyRun.Images);
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Record.Exception(() => TrainingRun.Resume(run.Path, recipe => recipe, new SilentObserver(), stop.Token,
            TinyRun.Images));
        Assert.True(File.Exists(run.Summary) && File.Exists(run.Predictions));   // nothing was left to do

        using CancellationTokenSource later = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 5) later.Cancel(); });
        Assert.Throws<RunInterruptedException>(() => TrainingRun.Resume(run.Path,
            recipe => recipe with { Optimisation = recipe.Optimisation with { Epochs = 3 } }, interrupting,
            later.Token, TinyRun.Images));
        Assert.False(File.Exists(run.Summary) || File.Exists(run.Predictions));
        Assert.Null(RunRecord.Read(run.Path).Summary);
        RunSummary summary = TrainingRun.Resume(run.Path, recipe => recipe, new SilentObserver(),
            CancellationToken.None, TinyRun.Images);
        Assert.Equal(3, summary.Epochs);
        Assert.Equal(3, RunRecord.Read(run.Path).Summary!.Epochs);
        Assert.True(File.Exists(run.Predictions));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]   // the second draw was before step 3, the third is before step 5
    public void A_performer_that_draws_its_features_again_and_again_resumes_to_the_same_bits(int steps)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Attention = "performer:features=8,redraw=2" }
        };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == steps) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], interrupting, stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
        Assert.Contains("blocks.0.attn.projection_matrix", SavedTensors.Of(parts.LastCheckpoint).Keys);
    }

    [Theory]
    [InlineData("cct_2_3x2", 8, 4)]
    [InlineData("deit_tiny_distilled_patch16_224", 8, 4)]
    public void Other_models_resume_to_the_same_bits_with_another_number_of_threads(string model, int imageSize,
        int patchSize)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = new() { Name = model, ImageSize = imageSize, PatchSize = patchSize },
            Regularisation = new() { DropPath = 0.1 },
            Run = TinyRun.Recipe.Run with { CheckpointEvery = null, Threads = 1 },
        };
        AssertResumesWithOtherThreads(recipe);
    }

    [Theory]
    [InlineData(OptimizerKind.Lamb)]
    [InlineData(OptimizerKind.Lars)]
    public void Adapted_steps_resume_to_the_same_bits_with_layer_decay_and_frozen_blocks(OptimizerKind optimizer)
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, optimizer);
        Recipe recipe = start with
        {
            Optimisation = start.Optimisation with { Optimizer = optimizer, LayerDecay = 0.75, Freeze = 1 },
            Run = TinyRun.Recipe.Run with { Threads = 1 },
        };
        AssertResumesWithOtherThreads(recipe);
    }

    /// <summary>With clipping and parts of batches; what is evaluated is not always what is trained.</summary>
    [Theory]
    [InlineData(OptimizerKind.Lion, false)]
    [InlineData(OptimizerKind.Lion, true)]
    [InlineData(OptimizerKind.Adan, false)]
    [InlineData(OptimizerKind.Muon, false)]
    [InlineData(OptimizerKind.Muon, true)]
    [InlineData(OptimizerKind.AdamW, true)]
    [InlineData(OptimizerKind.ScheduleFree, false)]
    public void Every_optimiser_resumes_to_the_same_bits(OptimizerKind optimizer, bool cautious)
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, optimizer);
        Recipe recipe = start with
        {
            Optimisation = start.Optimisation with
            {
                Optimizer = optimizer,
                Cautious = cautious,
                ClipGradient = 0.5,
                GradientAccumulation = 2,
            },
            Regularisation = start.Regularisation with
            {
                EmaDecay = optimizer == OptimizerKind.ScheduleFree ? null : 0.9,
                EmaWarmUp = AverageWarmUp.Power,
            },
            Run = TinyRun.Recipe.Run with { CheckpointEvery = null, Threads = 1 },
        };
        AssertResumesWithOtherThreads(recipe);
    }

    [Fact]
    public void A_schedule_free_run_keeps_the_weights_to_evaluate_and_those_to_go_on_from()
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, OptimizerKind.ScheduleFree);
        Recipe recipe = start with
        {
            Optimisation = start.Optimisation with { Optimizer = OptimizerKind.ScheduleFree, Epochs = 1 },
            Regularisation = new(),
        };
        RunDirectory run = TinyRun.Start(recipe, _folder["run"]);

        Dictionary<string, float[]> last = SavedTensors.Of(run.LastCheckpoint),
            best = SavedTensors.Of(run.BestCheckpoint);
        float[] evaluated = last["head.weight"], trained = last["optimizer.trained.head.weight"],
            end = last["optimizer.end.head.weight"];
        Assert.Equal(best["head.weight"], evaluated);   // of the same, first epoch
        for (int i = 0; i < trained.Length; i++) Assert.Equal(0.9 * evaluated[i] + 0.1 * end[i], trained[i], 1e-6);
        Assert.NotEqual(trained, evaluated);
    }

    /// <summary>The recipe in the checkpoint builds the same model again.</summary>
    [Theory]
    [InlineData("dim=48", "heads=4", "depth=3", "mlp=swiglu", "mlp-ratio=1.5", "norm=rmsnorm", "position=learned+rope",
        "qk-norm=true", "registers=2", "pooling=map")]
    [InlineData("head-dim=8", "position=relative", "layer-scale=0.1", "pooling=token", "attention=sinkhorn:3")]
    [InlineData("position=rope+alibi", "mlp=geglu", "registers=1", "pooling=sequence")]
    public void A_model_of_chosen_parts_resumes_to_the_same_bits(params string[] options)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { CheckpointEvery = null, Threads = 1 } };
        foreach (string option in options)
            recipe = RecipeFields.Find(option.Split('=')[0])!.Write(recipe, option.Split('=')[1], option);
        AssertResumesWithOtherThreads(recipe);
        TrainedModel trained = TrainedModel.Load(_folder["whole"], Device.Cpu);
        Assert.Equal(ModelChoice.Configure(recipe, TinyRun.Images.Train.Info), trained.Model.Config);
        Assert.NotEqual(ModelChoice.Configure(TinyRun.Recipe, TinyRun.Images.Train.Info), trained.Model.Config);
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_residual_network_with_its_running_statistics_resumes_to_the_same_bits()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = new() { Name = "resnet18-cifar", ImageSize = 8 },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 },
            Regularisation = new() { EmaDecay = 0.9 },
            Run = TinyRun.Recipe.Run with { CheckpointEvery = null },
        };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 2) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], interrupting, stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
        Assert.Equal(6, SavedTensors.Of(parts.LastCheckpoint)["layer4.1.bn2.num_batches_tracked"].Single());
        Assert.Contains("ema.bn1.running_mean", SavedTensors.Of(parts.LastCheckpoint).Keys);
    }

    [Fact]
    public void A_run_with_every_augmentation_resumes_to_the_same_bits()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Data = new()
            {
                Augmentation = "random-crop:32:padding=4",
                AutoAugment = "rand-m9-mstd0.5-inc1",
                HorizontalFlip = 0.3,
                AugmentRepeats = 2
            },
            Regularisation = TinyRun.Recipe.Regularisation with
            {
                Mixup = 0.8,
                CutMix = 1,
                RandomErasing = 0.5,
                ErasingNoise = true
            },
        };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 4) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], interrupting, stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
    }

    [Fact]
    public void A_run_that_is_interrupted_while_it_evaluates_ends_with_the_same_bits()
    {
        RunDirectory whole = TinyRun.Start(TinyRun.Recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        DatasetSplits interrupting = TinyRun.Images with
        {
            Validation = new Interrupting(TinyRun.Images.Validation, stop)
        };

        Assert.Throws<OperationCanceledException>(() =>
            TinyRun.Start(TinyRun.Recipe, _folder["parts"], null, stop, interrupting));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
    }

    [Fact]
    public void A_run_that_is_interrupted_while_it_waits_for_images_does_not_wait_and_ends_with_the_same_bits()
    {
        Recipe recipe = TinyRun.Recipe with { Data = TinyRun.Recipe.Data with { Workers = 1 } };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        Slow slow = new(TinyRun.Images.Train, stop);   // the two batches before are trained on long before it is read
        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], null, stop,
            TinyRun.Images with { Train = slow }));

        Assert.Equal(Slow.Image, slow.Reads);
        using (CheckpointReader checkpoint = CheckpointReader.Open(_folder["parts/checkpoints/last.safetensors"]))
            Assert.Equal((2, 2), (checkpoint.Head.State.Step, checkpoint.Head.State.Batch));
        AssertSameEnd(whole, TinyRun.Resume(_folder["parts"]));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_run_that_is_killed_goes_on_from_its_last_checkpoint_to_the_same_bits(int steps)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { CheckpointEvery = 2 } };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);

        // Killed: nothing is saved or tidied up, and the log has a line that was cut short.
        SilentObserver killing = new(progress =>
            { if (progress.Step == steps + 1) throw new InvalidProgramException("killed"); });
        Assert.Throws<InvalidProgramException>(() => TinyRun.Start(recipe, _folder["parts"], killing));
        File.AppendAllText(_folder["parts/metrics.jsonl"], "{\"event\":\"step\",\"epo");
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        AssertSameEnd(whole, parts);
    }

    [Fact]
    public void A_finished_run_goes_on_with_more_epochs_as_if_it_had_had_them_from_the_start()
    {
        RunDirectory whole = TinyRun.Start(TinyRun.Recipe, _folder["whole"]);
        TinyRun.Start(TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 } },
            _folder["parts"]);

        RunDirectory parts = TinyRun.Resume(_folder["parts"],
            recipe => recipe with { Optimisation = recipe.Optimisation with { Epochs = 3 } });

        AssertSameEnd(whole, parts);
    }

    /// <summary>A run that goes on from an older checkpoint finds best weights of a future that it has left.</summary>
    [Theory]
    [InlineData(1, 1)]   // the checkpoint is the end of the best epoch
    [InlineData(2, 3)]   // epochs follow
    [InlineData(2, 2)]   // none does
    public void The_weights_that_are_tested_are_of_the_best_epoch_of_this_run(int goesOnFrom, int epochs)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { KeepCheckpoints = 20 } };
        RunDirectory run = TinyRun.Start(recipe, _folder["run"]);
        File.Copy(run.StepCheckpoint(3 * goesOnFrom), run.LastCheckpoint, overwrite: true);
        CheckpointHead head;
        TrainedModel other = TrainedModel.Load(run.BestCheckpoint, Device.Cpu);
        using (CheckpointReader last = CheckpointReader.Open(run.LastCheckpoint)) head = last.Head;
        head.State.BestAccuracy = 0.99;
        CheckpointWriter.SaveWeights(run.BestCheckpoint, head, other.Model);

        SilentObserver observer = new();
        TinyRun.Resume(_folder["run"], changed => changed with
        {
            Optimisation = changed.Optimisation with { Epochs = epochs },
        }, observer);
        using CheckpointReader best = CheckpointReader.Open(run.BestCheckpoint);
        RunSummary summary = RunRecord.ReadSummary(run)!;
        Assert.Equal((summary.BestEpoch, summary.BestValAccuracy),
            (best.Head.State.BestEpoch, best.Head.State.BestAccuracy));
        Assert.InRange(best.Head.State.BestEpoch!.Value, goesOnFrom, epochs);
        Assert.NotEqual(0.99, summary.BestValAccuracy);
        double loss = TrainedModel.Load(run.BestCheckpoint, Device.Cpu)
            .Evaluate(TinyRun.Images.Test, 16, stop: TestContext.Current.CancellationToken).Loss;
        Assert.Equal(loss, summary.TestLoss!.Value, 1e-6);
        // of the first, nothing is lost
        Assert.Equal(head.State.BestEpoch != goesOnFrom,
            observer.Warnings.Any(warning => warning.Contains("are no longer here")));
    }

    [Fact]
    public void A_finished_run_without_checkpoints_keeps_its_results()
    {
        RunDirectory run = Whole(1);
        Directory.Delete(Path.GetDirectoryName(run.LastCheckpoint)!, recursive: true);
        Dictionary<string, string> before = Texts(run);
        UsageException error = Assert.Throws<UsageException>(() =>
            TrainingRun.Resume(run.Path, recipe => recipe, new SilentObserver(), CancellationToken.None,
                TinyRun.Images));
        Assert.Contains("no checkpoint to go on from", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Texts(run));

        File.Delete(run.Summary);   // it had not finished: it begins anew, as it was asked for, and says so
        SilentObserver observer = new();
        TrainingRun.Resume(run.Path, recipe => recipe, observer, CancellationToken.None, TinyRun.Images);
        Assert.Contains("there is no checkpoint to go on from: the run begins anew.", observer.Warnings);
        Assert.Equal(before["config.yaml"], Texts(run)["config.yaml"]);
        Assert.Empty(observer.Plan!.Idle);
    }

    /// <summary>The record of a run says how it was trained.</summary>
    [Fact]
    public void A_finished_run_is_not_told_to_have_been_trained_otherwise()
    {
        RunDirectory run = Whole(1);
        string config = File.ReadAllText(run.Config);
        SilentObserver observer = new();
        TrainingRun.Resume(run.Path, recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { LearningRate = 5e-5, WeightDecay = 0.3 },
            Data = recipe.Data with { AutoAugment = "ra" },
        }, observer, CancellationToken.None, TinyRun.Images);
        Assert.Equal(config, File.ReadAllText(run.Config));
        Assert.Contains(observer.Warnings, warning => warning.StartsWith("the run has done all its epochs: ")
            && warning.Contains("`auto-augment`, `lr`, `weight-decay` would change nothing"));
    }

    private RunDirectory Whole(int epochs)
    {
        RunDirectory run = new(_folder["whole"]);
        TrainingRun.Start(TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = epochs },
            Run = TinyRun.Recipe.Run with { Out = run.Path },
        }, new SilentObserver(), CancellationToken.None, TinyRun.Images);
        return run;
    }

    private static Dictionary<string, string> Texts(RunDirectory run) => Directory.GetFiles(run.Path)
        .Where(file => Path.GetExtension(file) is ".yaml" or ".csv" or ".jsonl" or ".json")
        .ToDictionary(file => Path.GetFileName(file), File.ReadAllText);

    /// <summary>Accuracies on other images are not compared.</summary>
    [Fact]
    public void Best_weights_are_chosen_anew_where_the_validation_images_change()
    {
        TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        RunDirectory run = new(_folder["run"]);
        using CheckpointReader last = CheckpointReader.Open(run.LastCheckpoint);
        DatasetSplits fewer = TinyRun.Images with { Validation = new Subset(TinyRun.Images.Validation, [1, 2, 3]) };
        TrainingParts parts = TrainingSetup.Resume(last, last.Head.Recipe, fewer,
            stop: TestContext.Current.CancellationToken);
        Assert.Equal((null, null), (parts.State.BestAccuracy, parts.State.BestEpoch));
        Assert.Contains(parts.Notes, note => note.StartsWith("there were 20 validation images and now there are 3"));
        using CheckpointReader again = CheckpointReader.Open(run.LastCheckpoint);
        parts = TrainingSetup.Resume(again, again.Head.Recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        Assert.NotNull(parts.State.BestEpoch);
        Assert.Empty(parts.Notes);
    }

    /// <summary>The average of schedule-free AdamW follows from what is kept by one beta only.</summary>
    [Fact]
    public void A_schedule_free_run_keeps_its_first_beta()
    {
        Recipe start = ModelDefaults.For(TinyRun.Recipe, OptimizerKind.ScheduleFree);
        TinyRun.Start(start with
        {
            Optimisation = start.Optimisation with { Optimizer = OptimizerKind.ScheduleFree, Epochs = 1 },
            Regularisation = new(),
        }, _folder["run"]);
        UsageException error = Assert.Throws<UsageException>(() => TinyRun.Resume(_folder["run"], recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { Betas = (0.5, 0.999) },
        }));
        Assert.Equal("betas", error.Field);
        Assert.Contains("stays that of the run, 0.9", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Lars)]
    public void Momentum_may_begin_in_a_resumed_run(OptimizerKind optimizer)
    {
        TinyRun.Start(TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { Optimizer = optimizer, Momentum = 0, Epochs = 1 },
        }, _folder["run"]);
        RunDirectory run = TinyRun.Resume(_folder["run"], recipe => recipe with
        {
            Optimisation = recipe.Optimisation with { Momentum = 0.9, Epochs = 2 },
        });
        Assert.Contains("optimizer.momentum.head.weight", SavedTensors.Of(run.LastCheckpoint).Keys);
    }

    [Fact]
    public void Another_models_checkpoint_is_refused_and_the_differing_weights_are_named()
    {
        TinyRun.Start(TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } },
            _folder["run"]);

        CheckpointException error = Assert.Throws<CheckpointException>(
            () => TinyRun.Resume(_folder["run"], recipe => recipe with { Model = new() { Name = "vit" } }));

        Assert.Contains("missing: cls_token, pos_embed", error.Message, StringComparison.Ordinal);
        Assert.Contains("patch_embed.proj.bias (model [128], weights [96])", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Stopped after step 4 and resumed with other threads, a run ends as one that was not stopped.</summary>
    private void AssertResumesWithOtherThreads(Recipe recipe)
    {
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        SilentObserver interrupting = new(progress => { if (progress.Step == 4) stop.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TinyRun.Start(recipe, _folder["parts"], interrupting, stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"],
            recipe => recipe with { Run = recipe.Run with { Threads = 3 } });

        AssertSameEnd(whole, parts);
    }

    private static void AssertSameEnd(RunDirectory expected, RunDirectory actual)
    {
        Assert.Equal(SavedTensors.Of(expected.LastCheckpoint), SavedTensors.Of(actual.LastCheckpoint));
        Assert.Equal(SavedTensors.Of(expected.BestCheckpoint), SavedTensors.Of(actual.BestCheckpoint));
        Assert.Equal(Untimed(expected), Untimed(actual));
    }

    /// <summary>Asks for a stop when its last image is read.</summary>
    private sealed class Interrupting(IImageDataset source, CancellationTokenSource stop) : IImageDataset
    {
        public DatasetInfo Info => source.Info;

        public int Count => source.Count;

        public int Label(int index) => source.Label(index);

        public int Read(int index, RawImage image, int leastSide = 0)
        {
            if (index == Count - 1) stop.Cancel();
            return source.Read(index, image);
        }
    }

    /// <summary>Asks for a stop while an image of the third batch is read.</summary>
    private sealed class Slow(IImageDataset source, CancellationTokenSource stop) : IImageDataset
    {
        public const int Image = 35;

        public DatasetInfo Info => source.Info;

        public int Count => source.Count;

        public int Reads { get; private set; }

        public int Label(int index) => source.Label(index);

        public int Read(int index, RawImage image, int leastSide = 0)
        {
            if (++Reads != Image) return source.Read(index, image);
            Thread.Sleep(1000);
            stop.Cancel();
            Thread.Sleep(200);   // the trainer has asked for the end meanwhile
            return source.Read(index, image);
        }
    }

    private static IEnumerable<RunEvent> Untimed(RunDirectory run) =>
        RunLog.ReadEvents(run).Select(entry => entry with { Seconds = null, ImagesPerSecond = null });
}
