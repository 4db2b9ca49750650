using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Plotting;

namespace Fovea.Lab.Studies;

/// <summary>Writes what a study has found into its directory.</summary>
public static class StudyOutputs
{
    /// <summary>
    /// Writes <c>study.json</c>, <c>study.csv</c>, <c>study.md</c> and <c>study.html</c> and, where asked for,
    /// <c>figures/</c>; each file is replaced in one move.
    /// </summary>
    /// <exception cref="CheckpointException">A file could not be written; the previous one is as it was.</exception>
    public static void Write(StudyResults results, bool figures)
    {
        string directory = results.Plan.Directory;
        if (figures)
        {
            string folder = Path.Combine(directory, "figures");
            Directory.CreateDirectory(folder);
            foreach ((string name, Figure figure) in StudyCharts.All(results))
                FigureFiles.Write(folder, name, figure, dark: true);
        }

        AtomicFile.WriteText(Path.Combine(directory, "study.csv"), Csv(results));
        AtomicFile.WriteText(Path.Combine(directory, "study.md"), Markdown(results));
        AtomicFile.WriteText(Path.Combine(directory, "study.html"), StudyPage.Render(results));
        AtomicFile.WriteText(Path.Combine(directory, "study.json"), JsonText.Document(StudyJson.Of(results)) + "\n");
    }

    /// <summary>One row per configuration, with a column for each option that any of them sets. Shares are 0 to
    /// 1.</summary>
    public static string Csv(StudyResults results)
    {
        string[] options = StudyTable.Options(results);
        StringBuilder text = new(string.Join(',', ["configuration", .. options, .. StudyTable.NumberNames]) + "\n");
        foreach (ConfigurationResult one in results.Configurations)
        {
            IEnumerable<string> cells = [one.Configuration.Label,
                .. options.Select(option => StudyTable.Option(one, option))];
            IEnumerable<string> numbers = StudyTable.Numbers(one)
                .Select(value => value is double number && double.IsFinite(number)
                    ? number.ToString("R", CultureInfo.InvariantCulture) : "");
            text.Append(string.Join(',', cells.Select(CsvText.Cell).Concat(numbers))).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The table of results, for a README.</summary>
    public static string Markdown(StudyResults results)
    {
        StringBuilder text = new($"# {Escaped(results.Plan.Study.Name)}\n\n");
        if (results.Plan.Study.Description.Length > 0)
            text.Append(Escaped(results.Plan.Study.Description.Trim())).Append("\n\n");
        Append(text, StudyTable.Of(results));
        IReadOnlyList<Recommendation> recommended = Recommendation.Of(results);
        if (recommended.Count > 0) text.Append("\n## Recommendation\n");
        foreach (Recommendation one in recommended)
            text.Append('\n').AppendJoin('\n', one.Sentences.Select(Escaped)).Append('\n');
        StudyTable parts = StudyTable.Parts(results);
        if (parts.Rows.Count > 0) Append(text.Append("\n## Train, validation and test\n\n"), parts);
        return text.ToString();
    }

    private static void Append(StringBuilder text, StudyTable table)
    {
        text.Append("| ").AppendJoin(" | ", table.Headings.Select(heading => Escaped(heading.TrimStart('>'))))
            .Append(" |\n");
        text.Append("| ").AppendJoin(" | ", table.Headings.Select(heading => heading[0] == '>' ? "---:" : "---"))
            .Append(" |\n");
        foreach (IReadOnlyList<string> row in table.Rows)
            text.Append("| ").AppendJoin(" | ", row.Select(Escaped)).Append(" |\n");
        foreach (string note in table.Notes) text.Append('\n').Append(Escaped(note)).Append('\n');
    }

    /// <summary>Text within Markdown: one line, no HTML, no end of a cell, nothing that steers a terminal.</summary>
    private static string Escaped(string text)
    {
        string line = text.ReplaceLineEndings(" ").Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")
            .Replace("|", "\\|");
        return string.Concat(line.Select(c => c == '\t' ? ' ' : char.IsControl(c) ? '\uFFFD' : c));
    }
}
