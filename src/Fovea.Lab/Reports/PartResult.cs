using Fovea.Training.Runs;

namespace Fovea.Lab.Reports;

/// <summary>Results of a run's best weights on one part of its data.</summary>
/// <param name="Part"><c>train</c>, <c>validation</c> or <c>test</c>.</param>
/// <param name="Loss">Mean cross-entropy; NaN: not known.</param>
/// <param name="Accuracy">Share of the images classified correctly, 0 to 1; NaN: not known.</param>
/// <param name="Images">Number of images; null: not known.</param>
public sealed record PartResult(string Part, double Loss, double Accuracy, int? Images = null)
{
    /// <summary>The note below a table of these.</summary>
    public const string Note = "The best weights on each part, in evaluation mode and without augmentation.";

    /// <summary>The parts that a run has figures of.</summary>
    /// <param name="summary">Its final figures; those of older versions lack some.</param>
    /// <param name="validation">Number of validation images; null: not known.</param>
    /// <param name="test">Number of test images; null: not known.</param>
    public static IReadOnlyList<PartResult> Of(RunSummary summary, int? validation = null, int? test = null)
    {
        IEnumerable<PartResult> all =
        [
            Row("train", summary.TrainLoss, summary.TrainAccuracy, summary.TrainImages),
            Row("validation", summary.ValLoss, summary.BestValAccuracy, validation),
            Row("test", summary.TestLoss, summary.TestAccuracy, test),
        ];
        return [.. all.Where(part => double.IsFinite(part.Accuracy))];
    }

    private static PartResult Row(string part, double? loss, double? accuracy, int? images) =>
        new(part, loss ?? double.NaN, accuracy ?? double.NaN, images);
}
