using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Plotting.Text;

namespace Fovea.Lab.Reports;

/// <summary>The figures of a run.</summary>
internal static class RunCharts
{
    /// <summary>Training and validation loss by epoch, over the loss of each logged step.</summary>
    public static LineChart Loss(ReportContent run) => new()
    {
        Title = "Loss",
        XLabel = "epoch",
        XSpan = Span(run),
        Series =
        [
            ByEpoch(run, run.LossName.Length == 0 ? "train" : $"train, {run.LossName}", epoch => epoch.TrainLoss) with
            {
                Style = 0,
            },
            ByEpoch(run, "validation", epoch => epoch.ValLoss) with { Style = 1, Best = BestValue.Lowest },
            .. run.Steps.Count(step => double.IsFinite(step.TrainLoss)) > 1
                ? [ByStep(run, "train, per step", step => step.TrainLoss) with { Style = 0, Faint = true }]
                : Array.Empty<Series>(),
        ],
    };

    /// <summary>Training and validation accuracy by epoch.</summary>
    public static LineChart Accuracy(ReportContent run) => new()
    {
        Title = "Accuracy",
        XLabel = "epoch",
        XSpan = Span(run),
        YFormat = ValueFormat.Percent,
        Series =
        [
            ByEpoch(run, "train", epoch => epoch.TrainAccuracy),
            ByEpoch(run, "validation", epoch => epoch.ValAccuracy) with { Best = BestValue.Highest },
        ],
    };

    /// <summary>The learning rate by step, or by epoch when no more steps were logged than that.</summary>
    public static LineChart LearningRate(ReportContent run) => new()
    {
        Title = "Learning rate",
        XLabel = "epoch",
        XSpan = Span(run),
        Series = [run.Steps.Count > run.Epochs.Count ? ByStep(run, "", step => step.LearningRate)
            : ByEpoch(run, "", epoch => epoch.LearningRate)],
    };

    /// <summary>The predicted images under a heading that counts them.</summary>
    public static PredictionGrid Predictions(ReportContent run) =>
        new(run.Predictions) { Title = PredictionsTitle(run) };

    /// <summary>Number of errors, and of those that are shown.</summary>
    public static string PredictionsTitle(ReportContent run)
    {
        int shown = run.Predictions.Count(image => !image.IsCorrect);
        if (run.Confusion is not ConfusionMatrix test) return $"Errors: {ValueText.Count(shown)}";
        IEnumerable<int> classes = Enumerable.Range(0, test.Classes.Count);
        long images = classes.Sum(test.Images);
        long errors = images - classes.Sum(label => (long)test.Count(label, label));
        string all = $"{ValueText.Count(images)} test images";
        return errors == 0 ? $"Errors: none in {all}"
            : shown < errors ? $"Errors: {ValueText.Count(errors)} of {all}, the {shown} most confident"
            : $"Errors: {ValueText.Count(errors)} of {all}";
    }

    /// <summary>From the start to the last epoch, the same in all charts of a run.</summary>
    private static (double, double)? Span(ReportContent run)
    {
        double[] places = [.. run.Epochs.Select(epoch => (double)epoch.Epoch), .. run.Steps.Select(step => step.Epoch)];
        return places.Length == 0 ? null : (0, places.Max());
    }

    private static Series ByEpoch(ReportContent run, string name, Func<EpochRecord, double> value) =>
        new(name, [.. run.Epochs.Select(epoch => (double)epoch.Epoch)], [.. run.Epochs.Select(value)]);

    private static Series ByStep(ReportContent run, string name, Func<StepRecord, double> value) =>
        new(name, [.. run.Steps.Select(step => step.Epoch)], [.. run.Steps.Select(value)]);
}
