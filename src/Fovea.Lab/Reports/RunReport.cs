using System.Runtime.InteropServices;
using Fovea.Data;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Reports;

/// <summary>Gathers what a run's report and figures show.</summary>
internal static class RunReport
{
    private const int PredictionsShown = 40;
    private const int LargestSide = 224;

    /// <summary>Content of a run's report; with the results of the test set where the run is complete.</summary>
    public static ReportContent Of(RunOutcome run) =>
        run is { Summary: { } summary, Test: { } test } ? Complete(run, summary, test) : Begun(run);

    private static ReportContent Begun(RunOutcome run) => new()
    {
        Title = $"{run.Plan.Recipe.Model.Name} on {run.Data.Info.Name}",
        Model = run.Plan.Recipe.Model.Name,
        Parameters = run.Plan.Parameters,
        Dataset = run.Data.Info.Name,
        Epochs = [.. run.Events.Where(entry => entry.Event == "epoch").Select(ToEpoch)],
        Steps = [.. run.Events.Where(entry => entry.Event == "step")
            .Select(entry => ToStep(entry, run.Plan.StepsPerEpoch))],
        ImagesPerSecond = run.State.Total.ImagesPerSecond,
        PeakMemoryBytes = Machine.PeakMemoryBytes,
        Seconds = run.State.Seconds,
        Seed = run.Plan.Recipe.Run.Seed,
        Config = RecipeFile.Print(run.Plan.Used ?? run.Plan.Recipe),
        Environment =
        [
            new("fovea", Machine.Version),
            new(".NET", RuntimeInformation.FrameworkDescription),
            new("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}"),
            new("processors", $"{Environment.ProcessorCount}"),
        ],
    };

    private static ReportContent Complete(RunOutcome run, RunSummary summary, EvaluationResult test) =>
        Begun(run) with
        {
            TestAccuracy = summary.TestAccuracy ?? double.NaN,
            TestLoss = summary.TestLoss ?? double.NaN,
            ImagesPerSecond = summary.ImagesPerSecond,
            Seconds = summary.Seconds,
            Confusion = test.Count == 0 ? null : new ConfusionMatrix(run.Data.Info.ClassNames, test.Confusion),
            Predictions = [.. Enumerable.Range(0, Math.Min(PredictionsShown, test.Count))
                .Select(i => Predicted(run.Data.Test, test, i))],
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
