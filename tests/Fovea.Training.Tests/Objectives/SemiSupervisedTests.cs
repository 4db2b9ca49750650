using Fovea.Core.Formats;
using Fovea.Data.Codecs.Writing;
using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Objectives;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;
using Fovea.Vision;

namespace Fovea.Training.Tests.Objectives;

public sealed class SemiSupervisedTests : IDisposable
{
    private const int Classes = 10, Ratio = 2, Batch = 8, Pool = 40;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>3 epochs of 3 steps: 40 images in steps of 16, and 20 labelled ones of those.</summary>
    private static Recipe RecipeOf(SemiMethod method) => TinyRun.Recipe with
    {
        Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 3, BatchSize = Batch },
        SemiSupervised = new()
        {
            Method = method,
            LabelsPerClass = 2,
            Ratio = Ratio,
            Threshold = 0.11,
        },
        Run = new() { LogEvery = 1, Threads = 1 },
    };

    [Theory]
    [InlineData(SemiMethod.FixMatch, 1)]
    [InlineData(SemiMethod.FixMatch, 2)]
    [InlineData(SemiMethod.MeanTeacher, 1)]
    [InlineData(SemiMethod.MeanTeacher, 2)]
    public void A_run_that_is_interrupted_ends_with_the_same_bits_with_other_threads(SemiMethod method, int parts)
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
        Assert.Equal(9, RunLog.ReadEvents(whole).Count(entry => entry.Event == "step"));
    }

    [Theory]
    [InlineData(SemiMethod.FixMatch)]
    [InlineData(SemiMethod.MeanTeacher)]
    public void A_step_in_parts_is_that_of_the_whole_batch_with_dropout(SemiMethod method)
    {
        Recipe recipe = RecipeOf(method);
        recipe = recipe with { Optimisation = recipe.Optimisation with { Epochs = 1 } };
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]), parts = TinyRun.Start(recipe with
        {
            Optimisation = recipe.Optimisation with { GradientAccumulation = 4 },
        }, _folder["parts"]);

        RunEvent first = First(whole), second = First(parts);
        Assert.Equal(first.TrainLoss!.Value, second.TrainLoss!.Value, 1e-4);
        foreach (string name in first.Measures!.Keys)
            Assert.Equal(first.Measures[name], second.Measures![name], 1e-4);

        static RunEvent First(RunDirectory run) => RunLog.ReadEvents(run).First(entry => entry.Event == "step");
    }

    /// <summary>Each view by itself, in double: eq. 3 and 4 of FixMatch; the mean square of mean teacher with the
    /// weight of its first step, and a teacher that is not the student.</summary>
    [Theory]
    [InlineData(SemiMethod.FixMatch)]
    [InlineData(SemiMethod.MeanTeacher)]
    public void The_loss_of_a_step_is_that_of_the_paper(SemiMethod method)
    {
        Recipe recipe = RecipeOf(method);
        recipe = recipe with
        {
            Regularisation = new() { Dropout = 0, DropPath = 0 },
            SemiSupervised = recipe.SemiSupervised with { Threshold = 0.15, Weight = 30 },
        };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        Assert.Equal(0.999, parts.Recipe.Regularisation.EmaDecay);
        foreach ((string name, Parameter parameter) in parts.Model.NamedParameters())
            if (name == "head.weight")
                parameter.Value.CopyFrom(
                    Array.ConvertAll(parameter.Value.ToArray(), value => 3 * value + 0.02f), 0);
        Batch labelled = parts.TrainLoader.Epoch(0).First(),
            others = LoaderChoice.Unlabelled(parts.Recipe, parts.Model.Config, parts.Data)!.Epoch(0).First();
        double[][] own = Answers(labelled.Images, Batch), learned = Answers(others.Images, Batch * Ratio),
            targets = Answers(others.Views[0].Images, Batch * Ratio, method == SemiMethod.MeanTeacher);

        double expected = own.Select((p, i) => -Math.Log(p[labelled.Labels[i]])).Average();
        double agreement = 0;
        int sure = 0, right = 0;
        for (int i = 0; i < targets.Length; i++)
        {
            int best = Array.IndexOf(targets[i], targets[i].Max());
            bool isUsed = method == SemiMethod.MeanTeacher || targets[i][best] >= 0.15;
            if (isUsed) sure++;
            if (isUsed && best == others.Labels[i]) right++;
            if (method == SemiMethod.MeanTeacher)
                agreement += learned[i].Zip(targets[i]).Sum(p => Math.Pow(p.First - p.Second, 2))
                    / (targets.Length * Classes);
            else if (isUsed) agreement -= Math.Log(learned[i][best]) / targets.Length;
        }

        Assert.InRange(sure, 1, targets.Length);
        expected += agreement * (method == SemiMethod.MeanTeacher ? 30 * Math.Exp(-5) : 30);
        parts.Learner.Train();
        Objective objective = parts.Objective!;
        using StepScope scope = StepScope.Begin();
        using (Tape tape = Tape.Record())
        {
            Tensor loss = objective.Forward(new(labelled, 0, Batch), 0,
                (scores, part, _) => Ops.CrossEntropy(scores.Mean(),
                    Tensor.From(part.Classes.Span, [part.Count], parts.Device))).Loss;
            Assert.Equal(expected, loss.Item(), 1e-4 * Math.Max(1, expected));
        }

        IReadOnlyDictionary<string, double> told = objective.Told(objective.TakeMeasures()!
            .ToDictionary(entry => entry.Key, entry => entry.Value / Batch));
        Assert.Equal(agreement, told["unlabelled_loss"], 1e-4);
        Assert.Equal((double)right / sure, told["pseudo_accuracy"], 1e-9);
        if (method == SemiMethod.FixMatch) Assert.Equal((double)sure / targets.Length, told["pseudo_labels"], 1e-9);
        else Assert.DoesNotContain("pseudo_labels", told.Keys);
        objective.Leave();

        double[][] Answers(float[] images, int count, bool ofTeacher = false)
        {
            using StepScope own = StepScope.Begin();
            using IDisposable? swap = ofTeacher ? parts.Average!.SwapIn() : null;
            parts.Model.Train(false);
            ModelConfig config = parts.Model.Config;
            Shape shape = [count, config.Channels, config.ImageSize, config.ImageSize];
            float[] logits = parts.Model.Forward(Tensor.From(images.AsSpan(0, shape.Elements), shape, parts.Device))
                .ToArray();
            return [.. logits.Chunk(Classes).Select(row =>
            {
                double[] e = [.. row.Select(value => Math.Exp(value))];
                return (double[])[.. e.Select(value => value / e.Sum())];
            })];
        }
    }

    [Fact]
    public void The_weight_of_mean_teacher_rises_as_in_the_paper()
    {
        foreach (int step in (int[])[0, 1, 5, 9])
            Assert.Equal(Math.Exp(-5 * Math.Pow(1 - step / 10.0, 2)), MeanTeacher.RampUp(step, 10), 1e-15);
        Assert.Equal(1, MeanTeacher.RampUp(10, 10));
        Assert.Equal(1, MeanTeacher.RampUp(25, 10));
        Assert.Equal(1, MeanTeacher.RampUp(0, 0));
    }

    [Fact]
    public void The_chosen_labels_are_written_and_an_epoch_goes_through_all_images()
    {
        Recipe recipe = RecipeOf(SemiMethod.FixMatch) with { Run = new() { Out = _folder["run"] } };
        SilentObserver observer = new();
        TrainingRun.Start(recipe, observer, TestContext.Current.CancellationToken, TinyRun.Images);
        string[] lines = File.ReadAllLines(new RunDirectory(_folder["run"]).Labelled);

        Assert.Equal("image,name,class", lines[0]);
        Assert.All(lines.Skip(1).GroupBy(line => line.Split(',')[2]), group => Assert.Equal(2, group.Count()));
        Assert.Equal(2 * Classes, lines.Skip(1).Select(line => line.Split(',')[0]).Distinct().Count());
        Assert.Equal((2 * Classes, 3), (observer.Plan!.Images.Train, observer.Plan.StepsPerEpoch));
        Assert.Contains(observer.Plan.DatasetNotes, note => note.StartsWith("the labels of 20 of 40"));
        Recipe used = RecipeFile.Read(new RunDirectory(_folder["run"]).Config, Recipe.Default);
        Assert.Equal((0.9, 1), (used.Regularisation.EmaDecay, used.SemiSupervised.Weight));
        Assert.Equal("hflip", used.SemiSupervised.Strong!.Steps[0].ToString());
        Assert.Equal(3, used.SemiSupervised.Strong.Steps.Count);
    }

    [Fact]
    public void Labels_alone_are_learned_without_a_method()
    {
        TrainingParts parts = TrainingSetup.New(RecipeOf(SemiMethod.None), TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        Assert.Equal(2 * Classes, parts.Data.Train.Count);
        Assert.Null(parts.Data.Unlabelled);
        Assert.Null(parts.Objective);
    }

    [Fact]
    public void A_folder_of_images_without_labels_and_of_any_size_is_used_beside_the_training_images()
    {
        for (int i = 0; i < 3; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 60 * 40 * 3).Select(p => (byte)(p * (i + 3)))];
            File.WriteAllBytes(_folder[$"image{i}.png"], PngWriter.Encode(pixels, 60, 40, PngColor.Rgb));
        }

        Recipe recipe = RecipeOf(SemiMethod.FixMatch);
        recipe = recipe with
        {
            Data = recipe.Data with { Augmentation = "random-crop:32:padding=4,hflip" },
            SemiSupervised = recipe.SemiSupervised with { Folder = _folder.Path, LabelsPerClass = null },
        };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        IEnumerable<int> labels = Enumerable.Range(0, Pool + 3).Select(parts.Data.Unlabelled!.Label);

        Assert.Equal((Pool, Pool + 3), (parts.Data.Train.Count, parts.Data.Unlabelled!.Count));
        Assert.Equal(5, parts.TrainLoader.BatchesPerEpoch);   // 40 labelled ones in steps of 8
        Assert.Equal([-1, -1, -1], labels.Skip(Pool));
        RunDirectory run = TinyRun.Start(recipe, _folder["run"]);
        RunEvent last = RunLog.ReadEvents(run).Last(entry => entry.Event == "epoch");
        Assert.InRange(last.Measures!["pseudo_labels"], 0, 1);
        Assert.InRange(last.Measures["pseudo_accuracy"], 0, 1);
        Assert.True(double.IsFinite(last.Measures["unlabelled_loss"]));
    }

    [Theory]
    [InlineData("labels-per-class=all", "unlabelled", "no images without labels")]
    [InlineData("labels-per-class=1000", "labels-per-class", "has 4 training images")]
    [InlineData("teacher=runs/a", "teacher", "own answers")]
    [InlineData("bce-loss=true", "bce-loss", "each class by itself")]
    [InlineData("aug-repeats=2", "aug-repeats", "in a row")]
    [InlineData("shards=2", "shards", "not cut into shards")]
    [InlineData("method=mae", "semi", "learns no classes")]
    public void What_does_not_go_with_it_is_refused(string setting, string field, string reason)
    {
        Recipe recipe = RecipeOf(SemiMethod.FixMatch) with { Regularisation = new() };
        recipe = RecipeFields.Find(setting.Split('=')[0])!.Write(recipe, setting.Split('=', 2)[1], setting);
        UsageException error = Assert.Throws<UsageException>(() =>
            TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken));
        Assert.Equal(field, error.Field);
        Assert.Contains(reason, error.Message);
    }

    private static IEnumerable<string> Untimed(RunDirectory run) => RunLog.ReadEvents(run)
        .Select(entry => JsonText.Line(entry with { Seconds = null, ImagesPerSecond = null }));
}
