namespace Fovea.Training.Evaluation;

/// <summary>Results of a model on a dataset.</summary>
public sealed record EvaluationResult
{
    /// <summary>Mean cross-entropy; where images have several classes, binary cross-entropy of each class.</summary>
    public required double Loss { get; init; }

    /// <summary>Accuracy: share of the images whose class got the highest score, 0 to 1; where images have several
    /// classes, of those of which all classes are right.</summary>
    public required double Top1 { get; init; }

    /// <summary>Share of the images whose class was among the five highest scores, 0 to 1; the same as
    /// <see cref="Top1"/> where images have several classes.</summary>
    public required double Top5 { get; init; }

    /// <summary>Images by class and prediction, <c>[true class, predicted class]</c>.</summary>
    public required int[,] Confusion { get; init; }

    /// <summary>Class of each image, in the dataset's order.</summary>
    public required IReadOnlyList<int> Labels { get; init; }

    /// <summary>Most probable class of each image, in the dataset's order.</summary>
    public required IReadOnlyList<int> Predicted { get; init; }

    /// <summary>Probability of that class, 0 to 1.</summary>
    public required IReadOnlyList<float> Probability { get; init; }

    /// <summary>Results class by class where images have several classes; <see cref="Confusion"/>,
    /// <see cref="Labels"/>, <see cref="Predicted"/> and <see cref="Probability"/> are empty then. Null: each image has
    /// one class.</summary>
    public MultiLabelResult? MultiLabel { get; init; }

    /// <summary>The figure by which results are compared, 0 to 1: accuracy, or mean average precision where images have
    /// several classes.</summary>
    public double Score => MultiLabel is null ? Top1 : MultiLabel.MeanAveragePrecision ?? 0;

    /// <summary>Number of images.</summary>
    public int Count => MultiLabel?.Images ?? Predicted.Count;

    /// <summary>Images of a class, and those of them that were classified correctly.</summary>
    public (int Images, int Right) OfClass(int label)
    {
        int images = 0;
        for (int predicted = 0; predicted < Confusion.GetLength(1); predicted++) images += Confusion[label, predicted];
        return (images, Confusion[label, label]);
    }
}
