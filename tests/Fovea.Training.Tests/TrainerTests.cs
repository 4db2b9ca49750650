using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;
using Fovea.Vision;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Training.Tests;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_leaves_behind_what_the_design_promises()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);

        RunEvent[] events = [.. RunLog.ReadEvents(run)];
        Assert.Equal(["step", "epoch", "step", "step", "epoch", "step", "epoch", "end"],
            events.Select(entry => entry.Event));
        Assert.Equal([2, 3, 4, 6, 6, 8, 9, 9], events.Select(entry => entry.Step));
        Assert.All(events.Where(entry => entry.Event == "epoch"),
            entry => Assert.InRange(entry.ValAccuracy!.Value, 0, 1));
        Assert.Equal(4, File.ReadAllLines(run.Results).Length);

        RunSummary summary = JsonText.Read<RunSummary>(File.ReadAllText(run.Summary));
        Assert.Equal(("vit-nano", "shapes", 3, 9L), (summary.Model, summary.Dataset, summary.Epochs, summary.Steps));
        Assert.True(summary.PeakMemoryBytes > 1 << 20);
        using CheckpointReader last = CheckpointReader.Open(run.LastCheckpoint),
            best = CheckpointReader.Open(run.BestCheckpoint);
        Assert.Equal(3, last.Head.State.Epoch);
        Assert.Equal(summary.BestEpoch, best.Head.State.BestEpoch);
    }

    [Theory]
    [InlineData(null, 20)]
    [InlineData(7, 7)]
    [InlineData(1000, 40)]
    public void The_best_weights_are_measured_on_training_images_without_augmentation(int? asked, int images)
    {
        Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { EvaluateTraining = asked } };
        RunDirectory run = TinyRun.Start(recipe, _folder["run"]);
        RunSummary summary = RunRecord.ReadSummary(run)!;

        IImageDataset sample = Subset.Balanced(TinyRun.Images.Train, images, seed: 0);
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        using CheckpointReader best = CheckpointReader.Open(run.BestCheckpoint);
        best.LoadWeights(parts.Model);
        EvaluationResult own = Evaluator.Run(parts.Model,
            LoaderChoice.Evaluation(sample, ModelChoice.Configure(parts.Recipe, TinyRun.Images.Info), 16,
                parts.Recipe.Data), 10, parts.Device,
            stop: TestContext.Current.CancellationToken);
        Assert.Equal((images, own.Loss, own.Top1), (summary.TrainImages, summary.TrainLoss, summary.TrainAccuracy));
        RunEvent epoch = RunLog.ReadEvents(run).Single(entry => entry.Event == "epoch"
            && entry.Epoch == summary.BestEpoch);
        Assert.Equal((epoch.ValLoss, epoch.ValAccuracy), (summary.ValLoss, summary.BestValAccuracy));
    }

    [Fact]
    public void Training_images_can_be_left_out_which_changes_nothing_else()
    {
        Recipe without = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { EvaluateTraining = 0 } };
        RunSummary summary = RunRecord.ReadSummary(TinyRun.Start(without, _folder["without"]))!;
        RunSummary usual = RunRecord.ReadSummary(TinyRun.Start(TinyRun.Recipe, _folder["usual"]))!;
        Assert.Equal((null, null, null), (summary.TrainLoss, summary.TrainAccuracy, summary.TrainImages));
        Assert.Equal((usual.TestLoss, usual.TestAccuracy, usual.ValLoss),
            (summary.TestLoss, summary.TestAccuracy, summary.ValLoss));
        Assert.DoesNotContain("train_", File.ReadAllText(new RunDirectory(_folder["without"]).Summary));
    }

    [Fact]
    public void Numbers_that_explode_stop_the_run_at_the_step_and_keep_the_last_good_checkpoint()
    {
        Recipe wild = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { LearningRate = 1e30, ClipGradient = null },
            Schedule = new() { Form = "constant", WarmupEpochs = 0 },
        };

        TrainingDivergedException error = Assert.Throws<TrainingDivergedException>(() =>
            TinyRun.Start(wild, _folder["run"]));

        Assert.Contains("(epoch 1)", error.Message, StringComparison.Ordinal);
        Assert.Contains("parameter group '", error.Message, StringComparison.Ordinal);
        Assert.Contains("last good checkpoint is", error.Message, StringComparison.Ordinal);
        using CheckpointReader kept = CheckpointReader.Open(new RunDirectory(_folder["run"]).LastCheckpoint);
        Assert.True(kept.Head.State.Step >= 1);
    }

    [Fact]
    public void Waiting_for_images_is_in_the_rate_of_training()
    {
        const int Workers = 2, Sleep = 10;
        Recipe recipe = TinyRun.Recipe with
        {
            Data = TinyRun.Recipe.Data with { Workers = Workers },
            Run = TinyRun.Recipe.Run with { EvaluateTraining = 0 },
        };
        RunDirectory run = TinyRun.Start(recipe, _folder["run"],
            data: TinyRun.Images with { Train = new Slow(TinyRun.Images.Train, Sleep) });
        // the run's clock leaves out when the machine stood still for a moment; without the wait it is thousands
        const double Most = 1.2 * 1000 * Workers / Sleep;
        Assert.InRange(RunRecord.ReadSummary(run)!.ImagesPerSecond, 1, Most);
        Assert.All(RunLog.ReadEvents(run).Where(entry => entry.Event == "epoch"),
            entry => Assert.InRange(entry.ImagesPerSecond!.Value, 1, Most));
    }

    private sealed class Slow(IImageDataset images, int milliseconds) : IImageDataset
    {
        public DatasetInfo Info => images.Info;

        public int Count => images.Count;

        public int Label(int index) => images.Label(index);

        public int Read(int index, RawImage image, int leastSide)
        {
            Thread.Sleep(milliseconds);
            return images.Read(index, image, leastSide);
        }
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        string[] checksums = [.. new[] { 1, 2, 3 }.Select(threads =>
        {
            Recipe recipe = TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Threads = threads },
                Data = TinyRun.Recipe.Data with { Workers = threads } };
            return string.Join(',',
                RunLog.ReadEvents(TinyRun.Start(recipe, _folder[$"run{threads}"]))
                    .Select(entry => $"{entry.TrainLoss:R} {entry.GradientNorm:R} {entry.ValLoss:R}"));
        })];
        Assert.Single(checksums.Distinct());
    }

    [Theory]
    [InlineData(1, 0.9, 20)]
    [InlineData(null, 0.9, 20)]
    [InlineData(1, null, 0)]
    [InlineData(null, null, 0)]
    public void Numbers_that_are_not_finite_are_never_saved(int? every, double? average, int validation)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { LearningRate = 1e38, Epochs = 1 },
            Schedule = TinyRun.Recipe.Schedule with { WarmupEpochs = 0 },
            Regularisation = TinyRun.Recipe.Regularisation with { EmaDecay = average },
            Run = TinyRun.Recipe.Run with { CheckpointEvery = every },
        };
        DatasetSplits images = ShapesDataset.Load(seed: 0, train: 16, validation: validation, test: 20);   // one step
        Assert.Throws<TrainingDivergedException>(() => TinyRun.Start(recipe, _folder.Path, data: images));
        foreach (string file in Directory.GetFiles(_folder["checkpoints"]))
        {
            using SafetensorsReader reader = SafetensorsReader.Open(file);
            foreach (SafetensorsEntry entry in reader.Entries)
            {
                float[] values = new float[entry.Count];
                reader.Read(entry, values);
                Assert.All(values, value => Assert.True(float.IsFinite(value), entry.Name));
            }
        }
    }

    [Fact]
    public void A_model_with_numbers_that_are_not_finite_gives_no_answers()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder.Path);
        ImageClassifier model = TrainedModel.Load(run.Path, Device.Cpu).Model;
        CheckpointHead head = TrainedModel.Load(run.Path, Device.Cpu).Head;
        (string name, Parameter first) = model.NamedParameters().First();
        float[] values = first.Value.ToArray();
        values[^1] = float.NaN;
        first.Value.CopyFrom(values);
        CheckpointWriter.SaveWeights(run.BestCheckpoint, head, model);
        Assert.Contains($"'{name}' has numbers that are not finite", Assert.Throws<CheckpointException>(
            () => TrainedModel.Load(run.Path, Device.Cpu)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_with_a_run_is_not_used_for_another_one()
    {
        File.WriteAllText(_folder["config.yaml"], "");
        string message = Assert.Throws<UsageException>(() =>
            RunDirectory.Create(_folder.Path, "m", "d", DateTime.UnixEpoch)).Message;
        Assert.Contains("`resume`", message, StringComparison.Ordinal);
    }
}
