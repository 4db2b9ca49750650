using System.Runtime.InteropServices;
using Fovea.Data;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using static Fovea.Plotting.Text.ValueText;

namespace Fovea.Lab.Reports;

/// <summary>Gathers what a run's report and figures show.</summary>
internal static class RunReport
{
    private const int MostErrorsShown = 40;
    private const int RightOnesShown = 16;
    private const int MostClassesNamed = 12;
    private const int LargestSide = 224;

    /// <summary>Content of a run's report; with the results of the test set where the run is complete.</summary>
    /// <param name="run">The run.</param>
    /// <param name="commandLine">The command that started it, or made it go on; empty: none.</param>
    /// <param name="date">The moment of that.</param>
    /// <param name="idle">Sentences about what of the command changes nothing, beside those of the plan.</param>
    public static ReportContent Of(RunOutcome run, string commandLine, DateTimeOffset date,
        IReadOnlyList<string>? idle = null)
    {
        ReportContent begun = Begun(run) with { CommandLine = commandLine, Date = date };
        begun = begun with { Setup = [.. begun.Setup, new("Without effect", WithoutEffect(run.Plan, idle ?? []))] };
        return run is { Summary: { } summary, Test: { } test } ? Complete(begun, run, summary, test) : begun;
    }

    private static ReportContent Begun(RunOutcome run) => new()
    {
        Title = $"{run.Plan.Recipe.Model.Name} on {run.Data.Info.Name}",
        Model = run.Plan.Recipe.Model.Name,
        Parameters = run.Plan.Parameters,
        Dataset = run.Data.Info.Name,
        Epochs = Epochs(run.Events),
        Steps = [.. run.Events.Where(entry => entry.Event == "step")
            .Select(entry => ToStep(entry, run.Plan.StepsPerEpoch))],
        ImagesPerSecond = run.State.Total.ImagesPerSecond,
        PeakMemoryBytes = Machine.PeakMemoryBytes,
        Seconds = run.State.Seconds,
        Seed = run.Plan.Recipe.Run.Seed,
        Config = RecipeFile.Print(run.Plan.Used ?? run.Plan.Recipe),
        LossName = LossName(run.Plan.Recipe),
        Setup = [.. Setup(run.Plan)],
        Environment =
        [
            new("fovea", Machine.Version),
            new(".NET", RuntimeInformation.FrameworkDescription),
            new("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            new("processor", Machine.Processors),
        ],
    };

    /// <summary>Words that tell the loss of training from that of validation and test; empty where it is the
    /// same.</summary>
    internal static string LossName(Recipe recipe)
    {
        RegularisationSection rates = recipe.Regularisation;
        bool isMixed = rates.Mixup > 0 || rates.CutMix > 0;
        string?[] parts =
        [
            rates.BinaryLoss ? "binary cross-entropy" : null,
            isMixed ? "mixed targets" : rates.LabelSmoothing > 0 ? "smoothed targets" : null,
            recipe.Distillation.Teacher is not null ? "with a teacher" : null,
            recipe.SemiSupervised.Method != SemiMethod.None ? "with unlabelled images" : null,
        ];
        return string.Join(", ", parts.OfType<string>());
    }

    /// <summary>Facts about model, data and optimisation; what is switched off has an empty value.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Setup(RunPlan plan)
    {
        Recipe recipe = plan.Used ?? plan.Recipe;
        OptimisationSection how = recipe.Optimisation;
        yield return new("Attention", $"{recipe.Model.Attention}");
        yield return new("Image size", recipe.Model.ImageSize is int size ? $"{size} px" : "");
        yield return new("Weights", $"{plan.Weights}");
        yield return new("Training images", Count(plan.Images.Train));
        yield return new("Validation images",
            plan.Images.Validation == 0 ? "none" : $"{Count(plan.Images.Validation)} ({plan.ValidationOrigin})");
        yield return new("Test images", plan.Images.Test == 0 ? "none" : Count(plan.Images.Test));
        yield return new("Classes", Listed(plan.ClassNames));
        yield return new("Augmentation", $"{recipe.Data.Augmentation}");
        yield return new("Loss", RecipeText.Loss(recipe));
        yield return new("Regularisation", RecipeText.Regularisation(recipe));
        yield return new("Teacher", RecipeText.Teacher(recipe));
        yield return new("Semi-supervised", RecipeText.SemiSupervised(recipe));
        yield return new("Optimiser", $"{how.Optimizer.Word()}, batch size {how.BatchSize}, "
            + $"learning rate {RecipeText.Rate(recipe)} ({recipe.Schedule.Form}), weight decay "
            + Significant(how.WeightDecay, 3) + (RecipeText.Update(recipe) is { Length: > 0 } more ? $", {more}" : ""));
        yield return new("Device", recipe.Run is { Device: "cpu", Precision: Precision.Fp32 } ? ""
            : $"{recipe.Run.Device}, {recipe.Run.Precision.ToString().ToLowerInvariant()}");
    }

    /// <summary>Options are named as in the configuration.</summary>
    private static string WithoutEffect(RunPlan plan, IReadOnlyList<string> idle) =>
        string.Join(" ", idle.Concat(plan.Idle)).Replace("`", "", StringComparison.Ordinal);

    private static string Listed(IReadOnlyList<string> classes)
    {
        string rest = classes.Count > MostClassesNamed ? $" and {Count(classes.Count - MostClassesNamed)} more" : "";
        return classes.Count == 0 ? ""
            : $"{Count(classes.Count)}: {string.Join(", ", classes.Take(MostClassesNamed))}{rest}";
    }

    private static ReportContent Complete(ReportContent begun, RunOutcome run, RunSummary summary,
        EvaluationResult test) =>
        begun with
        {
            TestAccuracy = summary.TestAccuracy ?? double.NaN,
            TestLoss = summary.TestLoss ?? double.NaN,
            Results = PartResult.Of(summary, run.Plan.Images.Validation, run.Plan.Images.Test),
            ImagesPerSecond = summary.ImagesPerSecond,
            Seconds = summary.Seconds,
            ProcessorSeconds = summary.ProcessorSeconds ?? double.NaN,
            Confusion = test.Count == 0 || test.MultiLabel is not null ? null
                : new ConfusionMatrix(run.Data.Info.ClassNames, test.Confusion),
            Predictions = [.. Shown(test).Select(i => Predicted(run.Data.Test, test, i))],
        };

    /// <summary>Images to show: errors, the most confident first, as they tell most; the first ones where there are no
    /// errors.</summary>
    internal static IEnumerable<int> Shown(EvaluationResult test)
    {
        if (test.MultiLabel is not null) return [];
        int[] errors = [.. Enumerable.Range(0, test.Count).Where(i => test.Predicted[i] != test.Labels[i])];
        return errors.Length == 0 ? Enumerable.Range(0, Math.Min(RightOnesShown, test.Count))
            : errors.OrderByDescending(i => test.Probability[i]).Take(MostErrorsShown);
    }

    /// <summary>The epochs, each with its own time: events count from the start of the run.</summary>
    private static EpochRecord[] Epochs(IEnumerable<RunEvent> events)
    {
        RunEvent[] epochs = [.. events.Where(entry => entry.Event == "epoch")];
        return [.. epochs.Select((entry, i) => ToEpoch(entry, i == 0 ? 0 : epochs[i - 1].Seconds))];
    }

    private static EpochRecord ToEpoch(RunEvent entry, double? secondsBefore) => new(entry.Epoch)
    {
        TrainLoss = entry.TrainLoss ?? double.NaN,
        TrainAccuracy = entry.TrainAccuracy ?? double.NaN,
        ValLoss = entry.ValLoss ?? double.NaN,
        ValAccuracy = entry.ValAccuracy ?? double.NaN,
        LearningRate = entry.Lr ?? double.NaN,
        ImagesPerSecond = entry.ImagesPerSecond ?? double.NaN,
        Seconds = entry.Seconds - secondsBefore ?? double.NaN,
    };

    private static StepRecord ToStep(RunEvent entry, int stepsPerEpoch) =>
        new((double)entry.Step / stepsPerEpoch, entry.TrainLoss ?? double.NaN, entry.Lr ?? double.NaN);

    private static PredictedImage Predicted(IImageDataset dataset, EvaluationResult test, int index)
    {
        RawImage image = new();
        int label = dataset.Read(index, image, LargestSide);
        IReadOnlyList<string> names = dataset.Info.ClassNames;
        PlanarImage planar = new(image.Pixels.ToArray(), image.Channels, image.Height, image.Width);
        return new PredictedImage(
            planar.Shrink(LargestSide), names[label], names[test.Predicted[index]], test.Probability[index]);
    }
}
