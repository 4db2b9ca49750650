using System.Diagnostics;
using Fovea.Cli.Options;
using Fovea.Training.Observers;
using Fovea.Training.Runs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>A table of epochs and a line of progress below it that redraws itself.</summary>
internal sealed class LiveDisplay(IAnsiConsole console) : IRunDisplay
{
    private const int EpochsShown = 12, SparkWidth = 32, BarWidth = 32;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.1);
    private readonly List<RunEvent> _epochs = [];
    private readonly List<string> _warnings = [];
    private readonly LossSpark _spark = new(SparkWidth);
    private readonly Stopwatch _sinceDrawn = new();
    private LiveDisplayContext? _context;
    private RunPlan? _plan;
    private DateTimeOffset _started;
    private IRenderable? _ending;

    public void Show(Func<RunSummary> run) => console.Live(Text.Empty).Start(context =>
    {
        _context = context;
        run();
    });

    public void Cached(int done, int total) => _context!.UpdateTarget(Lines([("cache", Phrases.Cached(done, total))]));

    public void Started(RunPlan plan)
    {
        _plan = plan;
        _started = DateTimeOffset.Now;
        _context!.UpdateTarget(Draw(null));
        _sinceDrawn.Start();
    }

    public void Warned(string message)
    {
        _warnings.Add(OptionNames.Of(message));
        if (_ending is not null) _context!.UpdateTarget(Draw(null));   // nothing else follows that would draw it
    }

    public void Progressed(in StepProgress progress)
    {
        _spark.Add(progress.BatchLoss, (double)progress.Step / _plan!.Steps);
        if (_sinceDrawn.Elapsed < Interval) return;
        _sinceDrawn.Restart();
        _context!.UpdateTarget(Draw(progress));
    }

    public void Logged(RunEvent entry)
    {
        if (entry.Event == "epoch") _epochs.Add(entry);
    }

    public void Ended(RunOutcome outcome)
    {
        if (outcome.Summary is not RunSummary summary) return;
        _ending = Lines(Phrases.Describe(summary, outcome.Plan.Directory));
        _context!.UpdateTarget(Draw(null));
    }

    private Rows Draw(StepProgress? progress)
    {
        List<IRenderable> rows = [Lines(Phrases.Describe(_plan!, _started)), Text.Empty];
        if (_warnings.Count > 0)
            rows.InsertRange(1, [Text.Empty,
                .. _warnings.Select(warning =>
                    new Text(Printable.Line($"  warning: {warning}"), new Style(Color.Yellow)))]);
        if (_epochs.Count > 0) rows.Add(EpochTable());
        if (progress is StepProgress now) rows.AddRange(ProgressLines(now));
        if (_ending is not null) rows.Add(_ending);
        return new Rows(rows);
    }

    private Tables EpochTable()
    {
        Tables table = Tables.Create(">epoch", ">loss", ">accuracy", ">val loss", ">val accuracy", ">lr", ">images/s",
            ">time");
        double? best = _epochs.Max(entry => entry.ValAccuracy);
        foreach (RunEvent entry in _epochs.Skip(_epochs.Count - EpochsShown))
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

    private IEnumerable<IRenderable> ProgressLines(StepProgress now)
    {
        int full = (int)Math.Round((double)now.StepInEpoch / _plan!.StepsPerEpoch * BarWidth);
        string bar = Bars.Of(full, BarWidth);
        yield return new Markup($"  epoch [bold]{now.Epoch}[/]/{_plan.Recipe.Optimisation.Epochs}  {bar}  "
            + $"step {now.StepInEpoch}/{_plan.StepsPerEpoch}  [bold]{Phrases.Duration(now.Remaining)}[/] left");
        yield return new Markup(
            $"  loss [bold]{Phrases.Loss(now.Loss)}[/]  accuracy [bold]{Phrases.Percent(now.Accuracy)}[/]  "
            + $"lr {Phrases.Rate(now.LearningRate)}  {Phrases.Count(now.ImagesPerSecond)} images/s  [teal]{_spark}[/]");
    }

    private static Grid Lines(IEnumerable<(string Subject, string Text)> lines)
    {
        Grid grid = new();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2));
        grid.AddColumn(new GridColumn().PadRight(0));
        foreach ((string subject, string text) in lines)
            grid.AddRow(new Text(subject, new Style(Color.Grey)), new Text(Printable.Line(text)));
        return grid;
    }
}
