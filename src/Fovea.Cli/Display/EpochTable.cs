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
        Tables table = Tables.Create(">epoch", ">loss", ">accuracy", ">val loss", ">val accuracy", ">lr", ">images/s",
            ">time");
        double? best = epochs.Max(entry => entry.ValAccuracy);
        foreach (RunEvent entry in epochs.Skip(epochs.Count - shown))
        {
            Style style = entry.ValAccuracy == best && best is not null ? new Style(Color.Green) : Style.Plain;
            table.AddRow(
            [
                new Cell($"{entry.Epoch}"), new Cell(Phrases.Loss(entry.TrainLoss)),
                new Cell(Phrases.Percent(entry.TrainAccuracy)),
                new Cell(Phrases.Loss(entry.ValLoss)), new Cell(Phrases.Percent(entry.ValAccuracy), style),
                new Cell(Phrases.Rate(entry.Lr ?? 0)),
                new Cell(Phrases.Count(entry.ImagesPerSecond ?? 0)), new Cell(Phrases.Duration(entry.Seconds ?? 0)),
            ]);
        }

        return table;
    }
}
