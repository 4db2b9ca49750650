using System.Text;
using Fovea.Lab.Reports;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;
using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>A study as one HTML file that needs nothing else; the runs' own reports are linked where they
/// lie.</summary>
internal static class StudyPage
{
    private const int MostCompared = 12;

    /// <summary>The page as an HTML document.</summary>
    public static string Render(StudyResults results)
    {
        Study study = results.Plan.Study;
        StringBuilder body = new(
            $"<header>\n<h1>{Markup.Escape(study.Name)}</h1>\n<p "
                + $"class=\"lead\">{Markup.Escape(Lead(results))}</p>\n</header>\n");
        if (study.Description.Length > 0) body.Append($"<p>{Markup.Escape(study.Description.Trim())}</p>\n");
        Section("Results", HtmlSections.Chart(StudyCharts.TestAccuracy(results)) + Table(results));
        if (Recommendation.Of(results) is { Count: > 0 } recommended)
            Section("Recommendation", string.Concat(recommended.Select(one =>
                $"<p>{string.Join("<br/>\n", one.Sentences.Select(Markup.Escape))}</p>\n")));
        if (StudyTable.Parts(results) is { Rows.Count: > 0 } parts)
            Section("Train, validation and test", Columns(parts, [.. Enumerable.Range(0, parts.Headings.Count)])
                + Notes(parts));
        if (results.Comparisons.Count > 0) Section("Differences", Differences(results));
        Section("Training", string.Concat(StudyCharts.Curves(results)
            .Select(chart => HtmlSections.Chart(chart.Chart))));
        Section("Accuracy and cost",
            string.Concat(StudyCharts.Costs(results).Select(chart => HtmlSections.Chart(chart.Chart))));
        Section("Runs", Runs(results));
        Section("Common settings", HtmlTable.Facts(Common(results)));
        return HtmlPage.Wrap(study.Name, body.ToString());

        void Section(string title, string markup) =>
            body.Append($"<section>\n<h2>{Markup.Escape(title)}</h2>\n{markup}</section>\n");
    }

    private static string Lead(StudyResults results)
    {
        int finished = results.Configurations.Sum(one => one.Finished.Count);
        int all = results.Plan.Cells.Count;
        string seeds = results.Plan.Study.Seeds.Count == 1 ? "one seed" : $"{results.Plan.Study.Seeds.Count} seeds";
        return $"{results.Configurations.Count} configurations, {seeds}"
            + (finished == all ? "" : $"; {finished} of {all} runs are finished");
    }

    /// <summary>The table in two, as a page is narrower than a terminal: what was reached, and what it cost.</summary>
    private static string Table(StudyResults results)
    {
        StudyTable table = StudyTable.Of(results);
        int costs = table.Headings.ToList().IndexOf(StudyTable.FirstCost);
        return Columns(table, [.. Enumerable.Range(0, costs)])
            + Notes(table)
            + Columns(table, [0, .. Enumerable.Range(costs, table.Headings.Count - costs)]);
    }

    private static string Notes(StudyTable table) =>
        string.Concat(table.Notes.Select(note => $"<p class=\"lead\">{Markup.Escape(note)}</p>\n"));

    /// <summary>True for the number of seeds, which a narrow page has no room for.</summary>
    private static bool IsExtra(StudyTable table, int column) => table.Headings[column] == ">seeds";

    private static string Columns(StudyTable table, int[] columns)
    {
        StringBuilder html = HtmlTable.Open([.. columns.Select(i => HtmlColumn.Marked(table.Headings[i], '>') with
        {
            IsExtra = IsExtra(table, i)
        })]);
        foreach (IReadOnlyList<string> row in table.Rows)
        {
            html.Append(row.Contains("best") ? "<tr class=\"best\">" : "<tr>");
            foreach (int i in columns)
                html.Append(table.Headings[i][0] == '>' ? HtmlTable.Number(row[i], IsExtra(table, i))
                    : HtmlTable.Text(row[i]));
            html.Append("</tr>\n");
        }

        return html.Close();
    }

    /// <summary>Row minus column in points, a table for each set of rivals; of many configurations only those against
    /// the best.</summary>
    private static string Differences(StudyResults results)
    {
        IEnumerable<int[]> groups = Enumerable.Range(0, results.Configurations.Count)
            .GroupBy(i => ComparableRuns.Group(results.Configurations, i)[0], (_, members) => members.ToArray())
            .Where(group => group.Length > 1);
        return string.Concat(groups.Select(group => Differences(results, group)))
            + "<p class=\"lead\">Row minus column in points of test accuracy, with the 95 % interval; * and bold where "
            + "it is significant.</p>\n";
    }

    private static string Differences(StudyResults results, int[] group)
    {
        int[] columns = [.. group.Where(i => group.Length <= MostCompared || results.BestRival(i) == i)];
        StringBuilder html = HtmlTable.Open(
            [HtmlColumn.Text(""),
                .. columns.Select(i => HtmlColumn.Number(results.Configurations[i].Configuration.Label))]);
        foreach (int row in group)
        {
            html.Append("<tr>").Append(HtmlTable.Text(results.Configurations[row].Configuration.Label));
            foreach (int column in columns) html.Append(Difference(results, results.Between(row, column)));
            html.Append("</tr>\n");
        }

        return html.Close();
    }

    private static string Difference(StudyResults results, Comparison? pair) => pair is null ? "<td></td>"
        : $"<td class=\"number{(pair.IsSignificant ? " best" : "")}\">"
            + Markup.Escape(StudyTable.Points(pair.Difference)) + (pair.IsSignificant ? " *" : "")
            + StudyTable.Fewer(results, pair) + $"<br/><small>{Markup.Escape(StudyTable.Points(pair.Low))} to "
            + $"{Markup.Escape(StudyTable.Points(pair.High))}</small></td>";

    private static string Runs(StudyResults results)
    {
        StringBuilder html = HtmlTable.Open(
            HtmlColumn.Text("run"), HtmlColumn.Text("state"), HtmlColumn.Number("test accuracy"),
            HtmlColumn.Number("validation accuracy", isExtra: true), HtmlColumn.Number("time"),
            HtmlColumn.Number("processor time", isExtra: true));
        foreach (CellResult cell in results.Configurations.SelectMany(one => one.Cells))
        {
            string label = HtmlTable.Breakable(cell.Cell.Label),
                address = Markup.Escape($"cells/{Uri.EscapeDataString(cell.Cell.Name)}/report.html");
            html.Append("<tr><td>").Append(cell.Summary is null ? label : $"<a href=\"{address}\">{label}</a>")
                .Append("</td>").Append(HtmlTable.Text(cell.State));
            html.Append(HtmlTable.Number(ValueText.Percent(cell.Summary?.TestAccuracy ?? double.NaN)));
            html.Append(HtmlTable.Number(ValueText.Percent(cell.Summary?.BestValAccuracy ?? double.NaN),
                isExtra: true));
            html.Append(HtmlTable.Number(ValueText.Duration(cell.Summary?.Seconds ?? double.NaN)));
            html.Append(HtmlTable.Number(ValueText.Duration(cell.Summary?.ProcessorSeconds ?? double.NaN),
                isExtra: true)).Append("</tr>\n");
        }

        return html.Close();
    }

    /// <summary>Settings that all configurations share and that are not the defaults.</summary>
    private static IEnumerable<(string Name, string Value)> Common(StudyResults results)
    {
        Recipe first = results.Configurations[0].Recipe;
        foreach (RecipeField field in RecipeFields.All.Where(field => field.Name is not ("seed" or "out")))
        {
            string value = field.Read(first);
            bool told = value != field.Read(Recipe.Default) || field.Name is "epochs" or "batch-size" or "lr"
                or "schedule" or "optimizer";
            if (told && results.Configurations.All(one => field.Read(one.Recipe) == value))
                yield return (field.Name, value);
        }
    }
}
