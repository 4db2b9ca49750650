using System.Runtime.InteropServices;
using Fovea.Data;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Training;
using Fovea.Training.Evaluation;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Reports;

/// <summary>Gathers what a run's report and figures show.</summary>
internal static class RunReport
{
    private const int PredictionsShown = 40, LargestSide = 224;

    /// <summary>What is known of a run; with the figures of the test set where it is complete.</summary>
    public static ReportContent Of(RunOutcome run) =>
        run is { Summary: { } summary, Test: { } test } ? Complete(run.Parts, run.Events, summary, test) : Begun(run.Parts, run.Events);

    private static ReportContent Begun(TrainingParts parts, IReadOnlyList<RunEvent> events) => new()
    {
        Title = $"{parts.Recipe.Model.Name} on {parts.Data.Info.Name}",
        Model = parts.Recipe.Model.Name,
        Parameters = parts.Model.ParameterCount,
        Dataset = parts.Data.Info.Name,
        Epochs = [.. events.Where(entry => entry.Event == "epoch").Select(ToEpoch)],
        Steps = [.. events.Where(entry => entry.Event == "step").Select(entry => ToStep(entry, parts.TrainLoader.BatchesPerEpoch))],
        ImagesPerSecond = parts.State.Total.ImagesPerSecond,
        PeakMemoryBytes = Machine.PeakMemoryBytes,
        Seconds = parts.State.Seconds,
        Seed = parts.Recipe.Run.Seed,
        Config = RecipeFile.Print(parts.Recipe),
        Environment =
        [
            new("fovea", Machine.Version),
            new(".NET", RuntimeInformation.FrameworkDescription),
            new("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            new("processors", $"{Environment.ProcessorCount}"),
        ],
    };

    private static ReportContent Complete(TrainingParts parts, IReadOnlyList<RunEvent> events, RunSummary summary, EvaluationResult test) =>
        Begun(parts, events) with
        {
            TestAccuracy = summary.TestAccuracy,
            TestLoss = summary.TestLoss,
            ImagesPerSecond = summary.ImagesPerSecond,
            Seconds = summary.Seconds,
            Confusion = new ConfusionMatrix(parts.Data.Info.ClassNames, test.Confusion),
            Predictions = [.. Enumerable.Range(0, Math.Min(PredictionsShown, test.Count)).Select(i => Predicted(parts.Data.Test, test, i))],
        };

    private static EpochRecord ToEpoch(RunEvent entry) => new(entry.Epoch)
    {
        TrainLoss = entry.TrainLoss ?? double.NaN,
        TrainAccuracy = entry.TrainAccuracy ?? double.NaN,
        ValLoss = entry.ValLoss ?? double.NaN,
        ValAccuracy = entry.ValAccuracy ?? double.NaN,
        LearningRate = entry.Lr ?? double.NaN,
        ImagesPerSecond = entry.ImagesPerSecond ?? double.NaN,
        Seconds = entry.Seconds ?? double.NaN,
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
