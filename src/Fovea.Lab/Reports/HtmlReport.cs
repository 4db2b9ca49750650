using System.Globalization;
using System.Text;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using static Fovea.Plotting.Text.ValueText;

namespace Fovea.Lab.Reports;

/// <summary>A run as one HTML file that needs nothing else: it may be mailed, archived or opened without a
/// network.</summary>
public static class HtmlReport
{
    /// <summary>The report as an HTML document.</summary>
    /// <param name="content">Content of the report; what is missing is left out.</param>
    public static string Render(ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        StringBuilder body = new(Heading(content));
        if (content.Results.Count > 0) Section("Results", HtmlSections.Results(content.Results));
        Section("Summary", HtmlTable.Facts(Summary(content)));
        Section("Training", HtmlSections.Chart(RunCharts.Loss(content))
            + HtmlSections.Chart(RunCharts.Accuracy(content)) + HtmlSections.Chart(RunCharts.LearningRate(content)));
        if (content.Epochs.Count > 0) Section("Epochs", HtmlSections.Epochs(content));
        if (content.Predictions.Count > 0)
            Section(RunCharts.PredictionsTitle(content), HtmlSections.Predictions(content.Predictions));
        if (content.Confusion is ConfusionMatrix confusion)
            Section("Classes", HtmlSections.Whole(confusion) + HtmlSections.PerClass(confusion));
        if (content.Config.Length > 0) Section("Configuration", $"<pre>{Markup.Escape(content.Config)}</pre>\n");
        if (content.Environment.Count > 0)
            Section("Environment", HtmlTable.Facts(content.Environment.Select(pair => (pair.Key, pair.Value))));
        return HtmlPage.Wrap(content.Title, body.ToString());

        void Section(string title, string markup) =>
            body.Append($"<section>\n<h2>{Markup.Escape(title)}</h2>\n{markup}</section>\n");
    }

    private static string Heading(ReportContent run)
    {
        StringBuilder html = new($"<header>\n<h1>{Markup.Escape(run.Title)}</h1>\n");
        string date = run.Date is DateTimeOffset moment
            ? moment.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture) : "";
        html.Append($"<p class=\"lead\">{Markup.Escape(date)}</p>\n<dl class=\"cards\">\n");
        if (run.BestEpoch is EpochRecord best)
            Card("Validation accuracy", Percent(best.ValAccuracy), $"best, after epoch {best.Epoch}");
        if (double.IsFinite(run.TestAccuracy)) Card("Test accuracy", Percent(run.TestAccuracy), "");
        if (run.Parameters is long parameters) Card("Parameters", Count(parameters), "");
        if (double.IsFinite(run.ImagesPerSecond))
            Card("Training speed", Significant(run.ImagesPerSecond, 4), "images per second");
        if (double.IsFinite(run.Seconds)) Card("Time", Duration(run.Seconds), "");
        return html.Append("</dl>\n</header>\n").ToString();

        void Card(string name, string value, string note) => html.Append($"<div><dt>{Markup.Escape(name)}</dt>"
            + $"<dd>{Markup.Escape(value)}<small>{Markup.Escape(note)}</small></dd></div>\n");
    }

    private static IEnumerable<(string Name, string Value)> Summary(ReportContent run)
    {
        IEnumerable<(string Name, string Value)> all =
        [
            ("Model", run.Model),
            ("Parameters", run.Parameters is long parameters ? Count(parameters) : ""),
            ("Dataset", run.Dataset),
            .. run.Setup.Select(pair => (pair.Key, pair.Value)),
            ("Epochs", Count(run.Epochs.Count > 0 ? run.Epochs[^1].Epoch : 0)),
            ("Best validation accuracy",
                run.BestEpoch is EpochRecord best ? $"{Percent(best.ValAccuracy)} after epoch {best.Epoch}" : ""),
            ("Test accuracy", Percent(run.TestAccuracy)),
            ("Test loss", Significant(run.TestLoss, 4)),
            ("Images per second", Significant(run.ImagesPerSecond, 4)),
            ("Peak memory", run.PeakMemoryBytes is long bytes ? ByteSize.Text(bytes) : ""),
            ("Time", Duration(run.Seconds)),
            ("Processor time", Duration(run.ProcessorSeconds)),
            ("Seed", run.Seed?.ToString(CultureInfo.InvariantCulture) ?? ""),
            ("Date", run.Date is DateTimeOffset date
                ? date.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture) : ""),
            ("Command", run.CommandLine),
        ];
        return all.Where(fact => fact.Value is not ("" or Missing));
    }
}
