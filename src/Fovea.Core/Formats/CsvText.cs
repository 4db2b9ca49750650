using System.Globalization;

namespace Fovea.Core.Formats;

/// <summary>Cells of CSV files for people and spreadsheets.</summary>
public static class CsvText
{
    /// <summary>A cell of text: quoted where needed; an apostrophe keeps spreadsheets from running it as a
    /// formula.</summary>
    public static string Cell(string cell)
    {
        string text = IsFormula(cell) ? "'" + cell : cell;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"")}\"";
    }

    /// <summary>The text that <see cref="Cell"/> put an apostrophe before, without quotes.</summary>
    public static string Plain(string cell) => cell.StartsWith('\'') && IsFormula(cell[1..]) ? cell[1..] : cell;

    /// <summary>Tells whether a spreadsheet would run a cell as a formula.</summary>
    public static bool IsFormula(string cell) => cell.Length > 0
        && "=+-@\t\r".Contains(cell[0], StringComparison.Ordinal)
        && !double.TryParse(cell, CultureInfo.InvariantCulture, out _);
}
