namespace Fovea.Training.Evaluation;

/// <summary>Results of a model on images that have several classes each, or none.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="Classes">Class by class.</param>
public sealed record MultiLabelResult(int Images, IReadOnlyList<ClassResult> Classes)
{
    /// <summary>Mean of the average precision of those classes that some image has, 0 to 1 (macro mAP); null where no
    /// image has any class.</summary>
    public double? MeanAveragePrecision => Classes.Any(one => one.AveragePrecision is not null)
        ? Classes.Average(one => one.AveragePrecision) : null;
}

/// <summary>Results for one class.</summary>
/// <param name="Positives">Images that have it.</param>
/// <param name="AveragePrecision">Area under precision by recall, 0 to 1; null where no image has it.</param>
/// <param name="Predicted">Images that the model gives it, with a probability above a half.</param>
/// <param name="Right">Those of them that have it.</param>
public sealed record ClassResult(int Positives, double? AveragePrecision, int Predicted, int Right);
