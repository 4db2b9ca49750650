using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>A run's epochs as a table.</summary>
internal static class EpochTable
{
    /// <summary>The last epochs; that of the best validation accuracy of all is green.</summary>
    /// <param name="epochs">The log's entries of epochs.</param>
    /// <param name="shown">The most rows.</param>
    public static Tables Of(IReadOnlyCollection<RunEvent> epochs, int shown = int.MaxValue)
    {
        if (epochs.All(entry => entry.TrainAccuracy is null)) return OfPretraining(epochs, shown);
        bool several = epochs.Any(entry => entry.ValMap is not null);
        string[] measures = MeasuresOf(epochs);
        Tables table = Tables.Create([">epoch", ">loss", ">accuracy", ">val loss", ">val accuracy",
            .. several ? (string[])[">val mAP"] : [], .. measures.Select(name => ">" + Phrases.Words(name)), ">lr",
            ">images/s", ">time"]);
        double? best = epochs.Max(Score);
        foreach (RunEvent entry in epochs.Skip(epochs.Count - shown))
        {
            Style style = Score(entry) == best && best is not null ? new Style(Color.Green) : Style.Plain;
            table.AddRow(
            [
                new Cell($"{entry.Epoch}"), new Cell(Phrases.Loss(entry.TrainLoss)),
                new Cell(Phrases.Percent(entry.TrainAccuracy)),
                new Cell(Phrases.Loss(entry.ValLoss)), new Cell(Phrases.Percent(entry.ValAccuracy), style),
                .. several ? (Cell[])[new(Phrases.Percent(entry.ValMap), style)] : [],
                .. measures.Select(name => Measure(entry, name)),
                new Cell(Phrases.Rate(entry.Lr ?? 0)),
                new Cell(Phrases.Count(entry.ImagesPerSecond ?? 0)), new Cell(Phrases.Duration(entry.Seconds ?? 0)),
            ]);
        }

        return table;
    }

    private static double? Score(RunEvent entry) => entry.ValMap ?? entry.ValAccuracy;

    /// <summary>Epochs without classes: the loss, and what else was measured.</summary>
    private static Tables OfPretraining(IReadOnlyCollection<RunEvent> epochs, int shown)
    {
        string[] measures = MeasuresOf(epochs);
        Tables table = Tables.Create([">epoch", ">loss", .. measures.Select(name => ">" + Phrases.Words(name)), ">lr",
            ">images/s", ">time"]);
        foreach (RunEvent entry in epochs.Skip(epochs.Count - shown))
            table.AddRow(
            [
                new Cell($"{entry.Epoch}"), new Cell(Phrases.Loss(entry.TrainLoss)),
                .. measures.Select(name => Measure(entry, name)),
                new Cell(Phrases.Rate(entry.Lr ?? 0)), new Cell(Phrases.Count(entry.ImagesPerSecond ?? 0)),
                new Cell(Phrases.Duration(entry.Seconds ?? 0)),
            ]);
        return table;
    }

    private static string[] MeasuresOf(IReadOnlyCollection<RunEvent> epochs) =>
        [.. epochs.SelectMany(entry => entry.Measures?.Keys ?? []).Distinct()];

    private static Cell Measure(RunEvent entry, string name) =>
        new(Phrases.Loss(entry.Measures?.TryGetValue(name, out double value) == true ? value : null));
}
