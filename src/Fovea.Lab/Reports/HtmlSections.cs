using System.Text;
using Fovea.Plotting;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using static Fovea.Plotting.Text.ValueText;

namespace Fovea.Lab.Reports;

/// <summary>The longer parts of a report.</summary>
internal static class HtmlSections
{
    /// <summary>Images are embedded no larger than this; they are shown smaller.</summary>
    private const int LargestImage = 128;

    private const int WideChart = 880;
    private const int NarrowChart = 360;
    private const int NarrowPanel = 150;

    /// <summary>The chart twice, as a phone needs another layout and not just a smaller one; the page shows one of
    /// them.</summary>
    public static string Chart(LineChart chart) =>
        Twice(chart.At(WideChart, 400), chart.At(NarrowChart, 330));

    /// <inheritdoc cref="Chart(LineChart)"/>
    public static string Chart(DotChart chart) =>
        Twice(chart with { Across = WideChart }, chart with { Across = NarrowChart });

    private static string Twice(Figure wide, Figure narrow) =>
        $"<div class=\"chart wide\">\n{wide.ToInlineSvg()}</div>\n<div class=\"chart "
            + $"narrow\">\n{narrow.ToInlineSvg()}</div>\n";

    /// <summary>Loss and accuracy on each part of the data, a row each.</summary>
    public static string Results(IReadOnlyList<PartResult> parts)
    {
        StringBuilder table = HtmlTable.Open(HtmlColumn.Text("Images"), HtmlColumn.Number("Loss"),
            HtmlColumn.Number("Accuracy"), HtmlColumn.Number("Number of images", isExtra: true));
        foreach (PartResult part in parts)
            table.Append("<tr>").Append(HtmlTable.Text(part.Part)).Append(HtmlTable.Number(Fixed(part.Loss)))
                .Append(HtmlTable.Number(Percent(part.Accuracy)))
                .Append(HtmlTable.Number(part.Images is int images ? Count(images) : "", isExtra: true))
                .Append("</tr>\n");
        return table.Close() + $"<p class=\"lead\">{Markup.Escape(PartResult.Note)}</p>\n";
    }

    /// <summary>A row per epoch, the best one starred.</summary>
    public static string Epochs(ReportContent run)
    {
        StringBuilder table = HtmlTable.Open(
            HtmlColumn.Number("Epoch"), HtmlColumn.Number("Train loss"), HtmlColumn.Number("Train accuracy"),
            HtmlColumn.Number("Validation loss"), HtmlColumn.Number("Validation accuracy"),
            HtmlColumn.Number("Learning rate", isExtra: true), HtmlColumn.Number("Images/s", isExtra: true),
            HtmlColumn.Number("Time", isExtra: true));
        EpochRecord? bestEpoch = run.BestEpoch;
        foreach (EpochRecord epoch in run.Epochs)
        {
            bool best = epoch == bestEpoch;
            table.Append(best ? "<tr class=\"best\">" : "<tr>")
                .Append(HtmlTable.Number((best ? "★ " : "") + Count(epoch.Epoch)));
            table.Append(HtmlTable.Number(Fixed(epoch.TrainLoss)))
                .Append(HtmlTable.Number(Percent(epoch.TrainAccuracy)));
            table.Append(HtmlTable.Number(Fixed(epoch.ValLoss))).Append(HtmlTable.Number(Percent(epoch.ValAccuracy)));
            table.Append(HtmlTable.Number(Significant(epoch.LearningRate, 3), isExtra: true));
            table.Append(HtmlTable.Number(Significant(epoch.ImagesPerSecond, 3), isExtra: true))
                .Append(HtmlTable.Number(Duration(epoch.Seconds), isExtra: true)).Append("</tr>\n");
        }

        return table.Close();
    }

    /// <summary>Cards that flow to the width of the page; mistakes are framed and crossed.</summary>
    public static string Predictions(IReadOnlyList<PredictedImage> images)
    {
        StringBuilder html = new(images.All(image => image.IsCorrect) ? ""
            : "<p class=\"lead\">Below each image: the predicted class with its probability, "
                + "and the true class.</p>\n");
        html.Append("<div class=\"images\">\n");
        foreach (PredictedImage image in images)
        {
            string truth = Markup.Escape(image.Truth);
            string predicted = Markup.Escape(image.Predicted);
            string probability = double.IsFinite(image.Probability) ? $" {image.Probability * 100:0}\u00A0%" : "";
            html.Append(image.IsCorrect ? "<figure>" : "<figure class=\"wrong\">");
            html.Append(
                $"<img src=\"{Markup.DataUri(Shrink(image.Image).ToPng())}\" alt=\"{truth}, taken for {predicted}\"/>");
            html.Append($"<span class=\"mark\" aria-hidden=\"true\">{(image.IsCorrect ? '✓' : '✗')}</span>");
            string caption = image.IsCorrect ? $"<b>{predicted}{probability}</b>"
                : $"<b>{predicted}{probability}</b><br/>true: {truth}";
            html.Append($"<figcaption>{caption}</figcaption></figure>\n");
        }

        return html.Append("</div>\n").ToString();
    }

    private static PlanarImage Shrink(PlanarImage image)
    {
        int longer = Math.Max(image.Width, image.Height);
        if (longer <= LargestImage) return image;
        return image.Resize(Math.Max(1, image.Height * LargestImage / longer),
            Math.Max(1, image.Width * LargestImage / longer));
    }

    /// <summary>A figure at its own size, and laid out anew for a phone; a page too narrow for either shrinks
    /// it.</summary>
    public static string Whole(Figure figure) => figure switch
    {
        ConfusionMatrix matrix => WholeTwice(matrix, matrix with { Across = NarrowChart }),
        ImageGrid grid => WholeTwice(grid, grid with { Narrow = NarrowChart, Gap = Math.Min(grid.Gap, 4) }),
        SamplingFigure places => WholeTwice(places,
            places with { Columns = Math.Min(places.Columns, 2), PanelSize = NarrowPanel }),
        _ => $"<div class=\"whole\">\n{figure.ToInlineSvg()}</div>\n",
    };

    private static string WholeTwice(Figure wide, Figure narrow) =>
        $"<div class=\"whole wide\">\n{wide.ToInlineSvg()}</div>\n<div class=\"whole narrow\">\n"
            + $"{narrow.ToInlineSvg()}</div>\n";

    /// <summary>A row per class: how often it was right, and its most frequent confusion.</summary>
    public static string PerClass(ConfusionMatrix confusion)
    {
        StringBuilder table = HtmlTable.Open(
            HtmlColumn.Text("Class"), HtmlColumn.Number("Images"), HtmlColumn.Number("Right", isExtra: true),
            HtmlColumn.Number("Accuracy"), new HtmlColumn("", IsExtra: true),
            HtmlColumn.Text("Most often taken for"));
        for (int truth = 0; truth < confusion.Classes.Count; truth++)
        {
            double share = confusion.Share(truth, truth);
            string bar = double.IsFinite(share)
                ? $"<span class=\"bar\"><i style=\"width:{Markup.Number(share * 100)}%\"></i></span>" : "";
            table.Append("<tr>").Append(HtmlTable.Text(confusion.Classes[truth]))
                .Append(HtmlTable.Number(Count(confusion.Images(truth))));
            table.Append(HtmlTable.Number(Count(confusion.Count(truth, truth)), isExtra: true))
                .Append(HtmlTable.Number(Percent(share)));
            table.Append($"<td class=\"extra\">{bar}</td>").Append(HtmlTable.Text(WorstConfusion(confusion, truth)))
                .Append("</tr>\n");
        }

        return table.Close();
    }

    private static string WorstConfusion(ConfusionMatrix confusion, int truth)
    {
        IEnumerable<int> others = Enumerable.Range(0, confusion.Classes.Count).Where(i => i != truth);
        int other = others.DefaultIfEmpty(truth).MaxBy(i => confusion.Count(truth, i));
        int count = other == truth ? 0 : confusion.Count(truth, other);
        return count == 0 ? Missing : $"{confusion.Classes[other]} ({Count(count)})";
    }
}
