using Fovea.Core.Files;
using Fovea.Plotting;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.Reports;

/// <summary>Writes a run's report and figures into its directory.</summary>
public static class RunFigures
{
    /// <summary>
    /// Writes <c>report.html</c> and, under <c>figures/</c>, <c>loss</c>, <c>accuracy</c>, <c>learning-rate</c> and
    /// <c>confusion-matrix</c> (<c>.svg</c> and <c>.png</c>) and <c>predictions.png</c>; the last two where there is
    /// something to show. Each file is replaced in one move, so that this may be called while somebody is reading.
    /// </summary>
    /// <param name="directory">The run's directory; it is created where it does not exist.</param>
    /// <param name="content">Content so far.</param>
    public static void Write(string directory, ReportContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        string figures = Path.Combine(directory, "figures");
        Directory.CreateDirectory(figures);
        FigureFiles.Write(figures, "loss", RunCharts.Loss(content));
        FigureFiles.Write(figures, "accuracy", RunCharts.Accuracy(content));
        FigureFiles.Write(figures, "learning-rate", RunCharts.LearningRate(content));
        if (content.Confusion is ConfusionMatrix confusion) FigureFiles.Write(figures, "confusion-matrix", confusion);
        if (content.Predictions.Count > 0)
            AtomicFile.Write(Path.Combine(figures, "predictions.png"),
                stream => stream.Write(RunCharts.Predictions(content).ToPng()));
        AtomicFile.WriteText(Path.Combine(directory, "report.html"), HtmlReport.Render(content));
    }
}
