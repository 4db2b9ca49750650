using Fovea.Lab.Studies;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>One line per epoch and per cell: for pipes, files and logs.</summary>
internal sealed class PlainStudyDisplay(TextWriter output) : IStudyDisplay
{
    private int _cells, _ended;

    public void Show(Action run) => run();

    public void Started(StudyPlan plan, int finished)
    {
        _cells = plan.Cells.Count;
        _ended = finished;
        output.WriteLine($"study     {Phrases.Describe(plan, finished)}");
    }

    public void CellStarted(StudyCell cell) =>
        output.WriteLine(
            $"{cell.Label}: {(File.Exists(cell.Run.LastCheckpoint) ? "goes on" : "begins")} in {cell.Run.Path}");

    public void Logged(StudyCell cell, RunEvent entry)
    {
        if (entry.Event != "epoch") return;
        output.WriteLine(
            $"{cell.Label}: epoch {entry.Epoch}/{cell.Recipe.Optimisation.Epochs}  loss "
                + $"{Phrases.Loss(entry.TrainLoss)}  "
            + $"validation accuracy {Phrases.Percent(entry.ValAccuracy)}  {Phrases.Duration(entry.Seconds ?? 0)}");
    }

    public void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary)
    {
        if (summary is not null) _ended++;
        output.WriteLine($"{cell.Label}: {Phrases.Describe(outcome, summary)}  [{_ended}/{_cells}]");
    }
}
