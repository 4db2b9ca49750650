using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Lab.Explanations;
using Fovea.Plotting;

namespace Fovea.Lab.Inspections;

/// <summary>Writes inspections into a directory.</summary>
public static class InspectionOutputs
{
    /// <summary>Writes <c>NAME.csv</c>, <c>NAME.json</c>, and of each figure a PNG and an SVG; each file is replaced in
    /// one move.</summary>
    /// <returns>Path of the table.</returns>
    /// <exception cref="CheckpointException">The directory could not be made, or a file not written; the previous one
    /// is as it was.</exception>
    public static string Write(Inspection inspection, string directory)
    {
        ExplanationOutputs.MakeDirectory(directory);
        string table = Path.Combine(directory, inspection.Name + ".csv");
        AtomicFile.WriteText(table, Csv(inspection));
        AtomicFile.WriteText(Path.Combine(directory, inspection.Name + ".json"), Json(inspection) + "\n");
        foreach (ExplainedFigure figure in inspection.Figures)
            FigureFiles.Write(directory, figure.Name, figure.Figure);
        return table;
    }

    /// <summary>The inspection as JSON.</summary>
    public static string Json(Inspection inspection) => JsonText.Document(new
    {
        inspection.Name,
        inspection.Notes,
        Rows = inspection.Records.Select(row => row.ToDictionary(cell => cell.Key, cell => Finite(cell.Value))),
    });

    /// <summary>The numbers as CSV; what is not finite is an empty cell.</summary>
    internal static string Csv(Inspection inspection)
    {
        StringBuilder text = new(string.Join(',', inspection.Headings.Select(CsvText.Cell)) + "\n");
        foreach (IReadOnlyList<object> row in inspection.Rows)
            text.Append(string.Join(',', row.Select(Cell))).Append('\n');
        return text.ToString();
    }

    private static object? Finite(object value) => value is double number && !double.IsFinite(number) ? null : value;

    private static string Cell(object value) => value switch
    {
        string text => CsvText.Cell(text),
        double number when !double.IsFinite(number) => "",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"{value}",
    };
}
