using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Csv;

/// <summary>Finds out what separates the fields of a list.</summary>
internal static class CsvTable
{
    private const int RowsTried = 50;
    private const string ExcelHint = "sep=";

    private static readonly char[] Separators = [',', ';', '\t', '|'];

    /// <summary>The rows of a text, from its first on.</summary>
    /// <param name="text">The list; a first line <c>sep=;</c>, as Excel knows it, decides.</param>
    /// <param name="name">Names the list in messages.</param>
    public static CsvReader Open(string text, string name)
    {
        if (text.StartsWith(ExcelHint, StringComparison.OrdinalIgnoreCase) && text.Length > ExcelHint.Length)
        {
            CsvReader hinted = new(new StringReader(text), name, text[ExcelHint.Length]);
            hinted.Next();   // the hint
            return hinted;
        }

        char best = Separators.MaxBy(separator => Score(text, separator));   // the first of equal ones
        return new CsvReader(new StringReader(text), name, best);
    }

    /// <summary>Score of a separator by the first rows: a known heading, then equal numbers of fields, then fields
    /// that are names of images.</summary>
    private static double Score(string text, char separator)
    {
        List<List<string>> rows = [];
        CsvReader reader = new(new StringReader(text), "", separator);
        try
        {
            while (rows.Count < RowsTried && reader.Next() is List<string> row)
                if (!row.TrueForAll(string.IsNullOrWhiteSpace)) rows.Add(row);
        }
        catch (DataException)
        {
            return -1;
        }

        if (rows.Count == 0) return 0;
        double wide = rows.Count(row => row.Count > 1 && row.Count == rows[0].Count) / (double)rows.Count;
        double images = rows.Count(row => row.Count > 1 && row.Any(field => ImageNames.IsImage(field.Trim())))
            / (double)rows.Count;
        return (CsvColumns.OfHeading(rows[0]) is null ? 0 : 10) + (2 * wide) + images;
    }
}
