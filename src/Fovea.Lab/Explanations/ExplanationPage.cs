using System.Text;
using Fovea.Lab.Reports;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.Explanations;

/// <summary>An explanation as one HTML file that needs nothing else.</summary>
internal static class ExplanationPage
{
    /// <summary>The page as an HTML document.</summary>
    public static string Render(ModelExplanation explanation)
    {
        StringBuilder body = new(
            $"<header>\n<h1>{Markup.Escape(explanation.Title)}</h1>\n<p "
                + $"class=\"lead\">{Markup.Escape(explanation.Lead)}</p>\n</header>\n");
        foreach (ExplainedImage image in explanation.Images)
            Section(image.Name.All(char.IsAsciiDigit) ? $"Image {image.Name}" : Path.GetFileName(image.Name),
                $"<p>The model says: {Markup.Escape(image.Answer)}.</p>\n", image.Figures);
        if (explanation.Model.Count > 0) Section("The model", "", explanation.Model);
        return HtmlPage.Wrap(explanation.Title, body.ToString());

        void Section(string title, string lead, IReadOnlyList<ExplainedFigure> figures) => body.Append(
            $"<section>\n<h2>{Markup.Escape(title)}</h2>\n{lead}{string.Concat(figures.Select(Block))}</section>\n");
    }

    private static string Block(ExplainedFigure figure) =>
        (figure.Figure is LineChart chart ? HtmlSections.Chart(chart) : HtmlSections.Whole(figure.Figure))
            + (figure.Table is null ? "" : Table(figure.Table));

    private static string Table(IReadOnlyList<IReadOnlyList<string>> table)
    {
        StringBuilder html = HtmlTable.Open([.. table[0].Select(heading => HtmlColumn.Marked(heading, '#'))]);
        foreach (IReadOnlyList<string> row in table.Skip(1))
        {
            html.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
                html.Append(table[0][i].StartsWith('#') ? HtmlTable.Number(row[i]) : HtmlTable.Text(row[i]));
            html.Append("</tr>\n");
        }

        return html.Close();
    }
}
