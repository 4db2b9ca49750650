using System.Globalization;
using Fovea.Lab.Reports;
using Fovea.Training;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Tests.Reports;

public sealed class RunReportTests
{
    [Fact]
    public void The_loss_of_training_has_a_name_of_its_own_where_it_is_another()
    {
        Recipe recipe = Recipe.Default;
        RegularisationSection rates = recipe.Regularisation with { LabelSmoothing = 0, Mixup = 0, CutMix = 0 };
        Assert.Equal("", RunReport.LossName(recipe with { Regularisation = rates }));
        Assert.Equal("smoothed targets",
            RunReport.LossName(recipe with { Regularisation = rates with { LabelSmoothing = 0.1 } }));
        Assert.Equal("mixed targets",
            RunReport.LossName(recipe with { Regularisation = rates with { LabelSmoothing = 0.1, Mixup = 0.8 } }));
        Assert.Equal("mixed targets", RunReport.LossName(recipe with { Regularisation = rates with { CutMix = 1 } }));
        Assert.Equal("with a teacher", RunReport.LossName(recipe with
        {
            Regularisation = rates,
            Distillation = new() { Teacher = "runs/big" },
        }));
        Assert.Equal("binary cross-entropy, with unlabelled images", RunReport.LossName(recipe with
        {
            Regularisation = rates with { BinaryLoss = true },
            SemiSupervised = new() { Method = SemiMethod.MeanTeacher },
        }));
    }

    [Fact]
    public void Errors_come_most_confident_first_and_right_ones_not_at_all()
    {
        EvaluationResult test = Result([0, 1, 0, 1, 0], [0, 0, 1, 1, 1], [0.9f, 0.6f, 0.8f, 0.99f, 0.7f]);
        Assert.Equal([2, 4, 1], RunReport.Shown(test));
    }

    [Fact]
    public void Of_many_errors_the_first_forty_are_shown()
    {
        int[] labels = new int[2000];
        int[] predicted = [.. Enumerable.Range(0, 2000).Select(i => i >= 1900 ? 1 : 0)];
        float[] probability = [.. Enumerable.Range(0, 2000).Select(i => 0.5f + i / 5000f)];
        Assert.Equal(Enumerable.Range(1960, 40).Reverse(), RunReport.Shown(Result(labels, predicted, probability)));
    }

    [Fact]
    public void Without_errors_some_images_are_shown_and_without_images_none()
    {
        int[] labels = new int[20];
        Assert.Equal(16, RunReport.Shown(Result(labels, labels, new float[20])).Count());
        Assert.Empty(RunReport.Shown(Result([], [], [])));
    }

    [Fact]
    public void A_run_tells_images_classes_measures_teacher_command_and_processor()
    {
        using TemporaryFolder folder = new();
        Train(folder["teacher"], TinyRun.Recipe, "fovea train");
        Train(folder["run"], TinyRun.Recipe with
        {
            Regularisation = new() { LabelSmoothing = 0.1, Mixup = 0.2, CutMix = 1, MixProbability = 0.5 },
            Distillation = new() { Teacher = folder["teacher"], Kind = DistillationKind.Soft },
        }, "fovea train --teacher 'a b'");
        string page = File.ReadAllText(Path.Combine(folder["run"], "report.html"));
        foreach (string text in (string[])["label smoothing 0.1", "mixup 0.2 or CutMix 1 (50 % CutMix) in 50 %",
            "soft distillation, alpha 0.1, temperature 3", "fovea train --teacher &#39;a b&#39;", "Training images",
            "Validation images", "Test images", "<th scope=\"row\">Classes</th>", "logical processor", "Date"])
            Assert.Contains(text, page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_tells_another_loss_and_what_has_no_effect()
    {
        using TemporaryFolder folder = new();
        Recipe recipe = TinyRun.Recipe with
        {
            Regularisation = new() { BinaryLoss = true, MixProbability = 0.5 },
            Optimisation = TinyRun.Recipe.Optimisation with { LayerDecay = 0.7 },
        };
        TrainingRun.Start(recipe with { Run = recipe.Run with { Out = folder["run"], Track = Trackers.None } },
            new ObserverList(new SilentObserver(), new ReportObserver("fovea train", ["--amp changes nothing."])),
            CancellationToken.None, TinyRun.Images);
        string page = File.ReadAllText(Path.Combine(folder["run"], "report.html"));
        foreach (string text in (string[])["binary cross-entropy of each class", "layer decay 0.7",
            "train, binary cross-entropy</text>",
            "--amp changes nothing. mixup-prob 0.5 changes nothing: nothing is mixed."])
            Assert.Contains(text, page, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_validation_and_test_stand_side_by_side()
    {
        using TemporaryFolder folder = new();
        Train(folder["run"], TinyRun.Recipe, "");
        string page = File.ReadAllText(Path.Combine(folder["run"], "report.html"));
        RunSummary summary = RunRecord.ReadSummary(new RunDirectory(folder["run"]))!;
        string results = page[page.IndexOf("<h2>Results</h2>", StringComparison.Ordinal)..];
        results = results[..results.IndexOf("</section>", StringComparison.Ordinal)];
        foreach ((string part, double? loss, double? accuracy) in ((string, double?, double?)[])[
            ("train", summary.TrainLoss, summary.TrainAccuracy), ("validation", summary.ValLoss,
            summary.BestValAccuracy), ("test", summary.TestLoss, summary.TestAccuracy)])
            Assert.Contains($"<td>{part}</td><td class=\"number\">{Text(loss!.Value, "0.0000")}</td>"
                + $"<td class=\"number\">{Text(100 * accuracy!.Value, "0.00")} %</td>", results);
    }

    private static string Text(double value, string form) => value.ToString(form, CultureInfo.InvariantCulture);

    [Fact]
    public void A_run_of_an_older_version_has_the_rows_that_it_knows()
    {
        RunSummary old = new()
        {
            Model = "vit",
            Parameters = 1,
            Dataset = "shapes",
            Epochs = 1,
            Steps = 1,
            BestValAccuracy = 0.5,
            TestAccuracy = 0.25,
            TestLoss = 1.5,
            ImagesPerSecond = 1,
            PeakMemoryBytes = 1,
            Seconds = 1,
            Seed = 0,
            Version = "0.1.0",
        };
        Assert.Equal([new("validation", double.NaN, 0.5), new("test", 1.5, 0.25, 100)],
            PartResult.Of(old, test: 100));
    }

    private static void Train(string directory, Recipe recipe, string command) => TrainingRun.Start(
        recipe with { Run = recipe.Run with { Out = directory, Track = Trackers.None } },
        new ObserverList(new SilentObserver(), new ReportObserver(command)), CancellationToken.None, TinyRun.Images);

    private static EvaluationResult Result(int[] labels, int[] predicted, float[] probability) => new()
    {
        Loss = 1,
        Top1 = 0.5,
        Top5 = 1,
        Confusion = new int[2, 2],
        Labels = labels,
        Predicted = predicted,
        Probability = probability,
    };
}
