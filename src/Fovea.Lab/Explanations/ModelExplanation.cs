using Fovea.Plotting;

namespace Fovea.Lab.Explanations;

/// <summary>Figures that explain a model's answers: of single images and of the model itself.</summary>
/// <param name="Title">The model.</param>
/// <param name="Lead">The model and what can be explained of it, in a sentence or two.</param>
/// <param name="Images">One after another.</param>
/// <param name="Model">Figures that depend on no image.</param>
public sealed record ModelExplanation(
    string Title, string Lead, IReadOnlyList<ExplainedImage> Images, IReadOnlyList<ExplainedFigure> Model);

/// <summary>Figures of one image.</summary>
/// <param name="Name">The file, or the number in the dataset.</param>
/// <param name="Answer">The model's answer, beside the truth where it is known.</param>
/// <param name="Figures">Figures.</param>
public sealed record ExplainedImage(string Name, string Answer, IReadOnlyList<ExplainedFigure> Figures);

/// <summary>Figures of one image, with the model's answer.</summary>
/// <param name="Target">The explained class.</param>
/// <param name="Probabilities">Of each class.</param>
/// <param name="Figures">Figures.</param>
public sealed record ImageExplanation(
    int Target, double[] Probabilities, IReadOnlyList<ExplainedFigure> Figures);

/// <summary>A figure with its name among files.</summary>
/// <param name="Name">Such as <c>heads</c>.</param>
/// <param name="Figure">The figure.</param>
public sealed record ExplainedFigure(string Name, Figure Figure)
{
    /// <summary>Numbers to stand below it: headings (with <c>#</c> before those of numbers), then rows; null:
    /// none.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? Table { get; init; }
}
