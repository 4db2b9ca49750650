using System.Text;
using Fovea.Training.Figures;
using static Fovea.Training.Figures.ValueText;

namespace Fovea.Training.Reports;

/// <summary>A run as one HTML file that needs nothing else: it may be mailed, archived or opened without a network.</summary>
public static class HtmlReport
{
    /// <summary>Images are embedded no larger than this; they are shown smaller.</summary>
    private const int LargestImage = 128;

    private static readonly (int, int) Wide = (880, 400), Narrow = (360, 300);

    /// <summary>The report as an HTML document.</summary>
    /// <param name="content">What there is to say; what is missing is left out.</param>
    public static string Render(ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        StringBuilder body = new();
        body.Append(Heading(content));
        body.Append(Section("Summary", HtmlTable.Facts(Summary(content))));
        body.Append(Section("Training", Chart(RunCharts.Loss(content)) + Chart(RunCharts.Accuracy(content)) + Chart(RunCharts.LearningRate(content))));
        if (content.Epochs.Count > 0) body.Append(Section("Epochs", Epochs(content)));
        if (content.Predictions.Count > 0) body.Append(Section(RunCharts.PredictionsTitle(content), Predictions(content.Predictions)));
        if (content.Confusion is ConfusionMatrix confusion) body.Append(Section("Classes", Matrix(confusion) + PerClass(confusion)));
        if (content.Config.Length > 0) body.Append(Section("Configuration", $"<pre>{Markup.Escape(content.Config)}</pre>\n"));
        if (content.Environment.Count > 0) body.Append(Section("Environment", HtmlTable.Facts(content.Environment.Select(pair => (pair.Key, pair.Value)))));
        return HtmlPage.Wrap(content.Title, body.ToString());
    }

    private static string Section(string title, string content) => $"<section>\n<h2>{Markup.Escape(title)}</h2>\n{content}</section>\n";

    private static string Heading(ReportContent run)
    {
        StringBuilder html = new($"<header>\n<h1>{Markup.Escape(run.Title)}</h1>\n");
        string lead = run.Dataset.Length > 0 ? $"{run.Model} on {run.Dataset}" : run.Model;
        html.Append($"<p class=\"lead\">{Markup.Escape(lead)}</p>\n<dl class=\"cards\">\n");
        if (run.BestEpoch is EpochRecord best) Card("Best validation accuracy", Percent(best.ValAccuracy), $"epoch {best.Epoch}");
        if (double.IsFinite(run.TestAccuracy)) Card("Test accuracy", Percent(run.TestAccuracy), "");
        if (run.Parameters is long parameters) Card("Parameters", Count(parameters), "");
        if (double.IsFinite(run.ImagesPerSecond)) Card("Training speed", Significant(run.ImagesPerSecond, 4), "images per second");
        if (double.IsFinite(run.Seconds)) Card("Time", Duration(run.Seconds), "");
        return html.Append("</dl>\n</header>\n").ToString();

        void Card(string name, string value, string note) => html.Append(
            $"<div><dt>{Markup.Escape(name)}</dt><dd>{Markup.Escape(value)}<small>{Markup.Escape(note)}</small></dd></div>\n");
    }

    private static IEnumerable<(string Name, string Value)> Summary(ReportContent run)
    {
        IEnumerable<(string Name, string Value)> all =
        [
            ("Model", run.Model),
            ("Parameters", run.Parameters is long parameters ? Count(parameters) : ""),
            ("Dataset", run.Dataset),
            ("Epochs", Count(run.Epochs.Count > 0 ? run.Epochs[^1].Epoch : 0)),
            ("Best validation accuracy", run.BestEpoch is EpochRecord best ? $"{Percent(best.ValAccuracy)} (epoch {best.Epoch})" : ""),
            ("Test accuracy", Percent(run.TestAccuracy)),
            ("Test loss", Significant(run.TestLoss, 4)),
            ("Images per second", Significant(run.ImagesPerSecond, 4)),
            ("Peak memory", run.PeakMemoryBytes is long bytes ? Bytes(bytes) : ""),
            ("Time", Duration(run.Seconds)),
            ("Seed", run.Seed?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? ""),
            ("Command line", run.CommandLine),
        ];
        return all.Where(fact => fact.Value is not ("" or Missing));
    }

    /// <summary>The chart twice, as a phone needs another layout and not just a smaller one; the page shows one of them.</summary>
    private static string Chart(LineChart chart) =>
        $"<div class=\"chart wide\">\n{(chart with { Size = Wide }).ToInlineSvg()}</div>\n"
        + $"<div class=\"chart narrow\">\n{(chart with { Size = Narrow }).ToInlineSvg()}</div>\n";

    private static string Epochs(ReportContent run)
    {
        StringBuilder table = HtmlTable.Open(
            "#Epoch", "#Train loss", "#Train accuracy", "#Validation loss", "#Validation accuracy", "#Learning rate", "#Images/s", "#Time");
        foreach (EpochRecord epoch in run.Epochs)
        {
            bool best = epoch == run.BestEpoch;
            table.Append(best ? "<tr class=\"best\">" : "<tr>").Append(HtmlTable.Number((best ? "★ " : "") + Count(epoch.Epoch)));
            table.Append(HtmlTable.Number(Significant(epoch.TrainLoss, 4))).Append(HtmlTable.Number(Percent(epoch.TrainAccuracy)));
            table.Append(HtmlTable.Number(Significant(epoch.ValLoss, 4))).Append(HtmlTable.Number(Percent(epoch.ValAccuracy)));
            table.Append(HtmlTable.Number(Significant(epoch.LearningRate, 3))).Append(HtmlTable.Number(Significant(epoch.ImagesPerSecond, 3)));
            table.Append(HtmlTable.Number(Duration(epoch.Seconds))).Append("</tr>\n");
        }

        return table.Close();
    }

    private static string Predictions(IReadOnlyList<PredictedImage> images)
    {
        StringBuilder html = new("<div class=\"images\">\n");
        foreach (PredictedImage image in images)
        {
            string truth = Markup.Escape(image.Truth), predicted = Markup.Escape(image.Predicted);
            string probability = double.IsFinite(image.Probability) ? $" {image.Probability * 100:0} %" : "";
            html.Append(image.IsRight ? "<figure>" : "<figure class=\"wrong\">");
            html.Append($"<img src=\"{Markup.DataUri(Shrink(image.Image).ToPng())}\" alt=\"{truth}, taken for {predicted}\">");
            html.Append($"<span class=\"mark\" aria-hidden=\"true\">{(image.IsRight ? '✓' : '✗')}</span>");
            html.Append($"<figcaption><b>{predicted}{probability}</b>{(image.IsRight ? "" : $"<br>true: {truth}")}</figcaption></figure>\n");
        }

        return html.Append("</div>\n").ToString();
    }

    private static PlanarImage Shrink(PlanarImage image)
    {
        int longer = Math.Max(image.Width, image.Height);
        if (longer <= LargestImage) return image;
        return image.Resize(Math.Max(1, image.Height * LargestImage / longer), Math.Max(1, image.Width * LargestImage / longer));
    }

    private static string Matrix(ConfusionMatrix confusion) => $"<div class=\"scroll matrix\" style=\"max-height:none\" tabindex=\"0\">\n{confusion.ToInlineSvg()}</div>\n";

    private static string PerClass(ConfusionMatrix confusion)
    {
        StringBuilder table = HtmlTable.Open("Class", "#Images", "#Right", "#Accuracy", "", "Most often taken for");
        for (int truth = 0; truth < confusion.Classes.Count; truth++)
        {
            double share = confusion.Share(truth, truth);
            string bar = double.IsFinite(share) ? $"<span class=\"bar\"><i style=\"width:{Markup.Number(share * 100)}%\"></i></span>" : "";
            table.Append("<tr>").Append(HtmlTable.Text(confusion.Classes[truth])).Append(HtmlTable.Number(Count(confusion.Images(truth))));
            table.Append(HtmlTable.Number(Count(confusion.Count(truth, truth)))).Append(HtmlTable.Number(Percent(share)));
            table.Append($"<td>{bar}</td>").Append(HtmlTable.Text(WorstConfusion(confusion, truth))).Append("</tr>\n");
        }

        return table.Close();
    }

    private static string WorstConfusion(ConfusionMatrix confusion, int truth)
    {
        int other = Enumerable.Range(0, confusion.Classes.Count).Where(i => i != truth).DefaultIfEmpty(truth).MaxBy(i => confusion.Count(truth, i));
        int count = other == truth ? 0 : confusion.Count(truth, other);
        return count == 0 ? Missing : $"{confusion.Classes[other]} ({Count(count)})";
    }
}
