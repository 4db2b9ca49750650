using System.Diagnostics;
using Fovea.Lab.Studies;
using Fovea.Training.Runs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>A table of the latest cells and a line about the whole that redraw themselves.</summary>
internal sealed class LiveStudyDisplay(IAnsiConsole console) : IStudyDisplay
{
    private const int CellsShown = 14, LinesAround = 8;
    private readonly Stopwatch _clock = new();
    private readonly List<Row> _rows = [];
    private LiveDisplayContext? _context;
    private StudyPlan? _plan;
    private int _before;

    public void Show(Action run) => console.Live(Text.Empty).Start(context =>
    {
        _context = context;
        run();
    });

    public void Started(StudyPlan plan, int finished)
    {
        _plan = plan;
        _before = finished;
        _clock.Start();
        Draw();
    }

    public void CellStarted(StudyCell cell)
    {
        _rows.Add(new Row(cell));
        Draw();
    }

    public void Logged(StudyCell cell, RunEvent entry)
    {
        if (entry.Event == "end") return;   // it has no training figures
        Of(cell).Last = entry;
        if (entry.ValAccuracy is double accuracy) Of(cell).Validation = accuracy;
        Draw();
    }

    public void CellEnded(StudyCell cell, CellOutcome outcome, RunSummary? summary)
    {
        (Of(cell).Outcome, Of(cell).Summary) = (outcome, summary);
        Draw();
    }

    private Row Of(StudyCell cell) => _rows.Last(row => row.Cell == cell);

    private void Draw()
    {
        if (_plan is null) return;   // cells can be told of before the study
        Tables table = Tables.Create("cell", ">epoch", "?>loss", ">validation", "~state");
        foreach (Row row in _rows.Skip(_rows.Count - Math.Clamp(console.Profile.Height - LinesAround, 1, CellsShown)))
        {
            table.AddRow(
                Cell.Name(row.Cell.Label),
                new Cell(row.Last is null ? "" : $"{row.Last.Epoch}/{row.Cell.Recipe.Optimisation.Epochs}"),
                new Cell(Phrases.Loss(row.Last?.TrainLoss)), new Cell(Phrases.Percent(row.Validation)), State(row));
        }

        List<IRenderable> rows = [new Prose(Printable.Line(Phrases.Describe(_plan, _before))), Bar()];
        if (_rows.Count > 0) rows.Insert(1, table);
        _context!.UpdateTarget(new Rows(rows));
    }

    private static Cell State(Row row) => row.Outcome is not CellOutcome outcome
        ? new Cell("runs", new Style(Color.Teal))
        : new Cell(Phrases.Describe(outcome, row.Summary),
            new Style(outcome.Failure is null ? Color.Green : Color.Red));

    private Markup Bar()
    {
        double here = _rows.Sum(row => row.Progress), left = _plan!.Cells.Count - _before - here;
        bool isEnding = _before + _rows.Count(row => row.Outcome is not null) >= _plan.Cells.Count;
        string remaining = here > 0 && left > 0 && !isEnding
            ? $"  about [bold]{Phrases.Duration(_clock.Elapsed * (left / here))}[/] left" : "";
        return new Markup(Bars.Line("  ", (_before + here) / _plan.Cells.Count,
            $"  {_before + _rows.Count(row => row.Summary is not null)}/{_plan.Cells.Count} cells  "
            + $"{Phrases.Duration(_clock.Elapsed)}{remaining}", console.Profile.Width));
    }

    private sealed class Row(StudyCell cell)
    {
        public StudyCell Cell => cell;

        public RunEvent? Last { get; set; }

        public double? Validation { get; set; }

        public RunSummary? Summary { get; set; }

        public CellOutcome? Outcome { get; set; }

        /// <summary>Share of the cell that is done; an epoch that runs counts half.</summary>
        public double Progress => Summary is not null ? 1
            : Last is null ? 0 : (Last.Epoch - (Last.Event == "epoch" ? 0 : 0.5)) / cell.Recipe.Optimisation.Epochs;
    }
}
