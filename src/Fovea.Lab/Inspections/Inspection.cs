using Fovea.Lab.Explanations;

namespace Fovea.Lab.Inspections;

/// <summary>A look inside a model: numbers, and figures of them.</summary>
/// <param name="Name">Of its files: <c>distance</c>.</param>
/// <param name="Headings">Of the columns of <paramref name="Rows"/>.</param>
/// <param name="Rows">All numbers, one observation a row: text, whole numbers and numbers.</param>
/// <param name="Shown">The same for people, to be printed: headings (<c>&gt;</c> before those of numbers), then
/// rows.</param>
/// <param name="Notes">What is to be read from it, in sentences.</param>
/// <param name="Figures">Figures.</param>
public sealed record Inspection(
    string Name, IReadOnlyList<string> Headings, IReadOnlyList<IReadOnlyList<object>> Rows,
    IReadOnlyList<IReadOnlyList<string>> Shown, IReadOnlyList<string> Notes, IReadOnlyList<ExplainedFigure> Figures)
{
    /// <summary>The numbers as objects with the headings as names, for JSON.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, object>> Records =>
        [.. Rows.Select(row => Headings.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second))];
}
