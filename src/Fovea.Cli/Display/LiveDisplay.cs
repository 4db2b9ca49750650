using System.Diagnostics;
using Fovea.Cli.Options;
using Fovea.Lab.Reports;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Fovea.Cli.Display;

/// <summary>A table of epochs and a line of progress below it that redraws itself.</summary>
internal sealed class LiveDisplay(IAnsiConsole console) : IRunDisplay
{
    private const int EpochsShown = 12, LinesAround = 12, SparkWidth = 32, TextBesideSpark = 64,
        LinesAroundResults = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.1);
    private readonly List<RunEvent> _epochs = [];
    private readonly LossSpark _spark = new(
        Math.Clamp(console.Profile.Width - TextBesideSpark, 0, SparkWidth));
    private readonly Stopwatch _sinceDrawn = new();
    private LiveDisplayContext? _context;
    private RunPlan? _plan;
    private IRenderable? _ending;
    private int _linesOfResults;

    public void Show(Func<RunSummary> run) => console.Live(Text.Empty).Start(context =>
    {
        _context = context;
        run();
    });

    public void Cached(int done, int total) => _context!.UpdateTarget(Lines([("cache", Phrases.Cached(done, total))]));

    public void Started(RunPlan plan)
    {
        _plan = plan;
        // Above what is redrawn, which must not be taller than the terminal: what does not fit would be cut.
        console.Write(Lines(Phrases.Describe(plan, DateTimeOffset.Now)));
        console.WriteLine();
        _context!.UpdateTarget(Draw(null));
        _sinceDrawn.Start();
    }

    public void Warned(string message)
    {
        string warning = Printable.Line("warning: " + OptionNames.Of(message));
        console.Write(new Prose(warning, new Style(Color.Yellow)) { Indent = 2, Hang = 2 });
        console.WriteLine();
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
        bool isPretraining = outcome.Plan.Recipe.Pretraining.Method != PretrainingMethod.None;
        Tables? results = isPretraining ? null : ResultTable.Of(
            PartResult.Of(summary, outcome.Plan.Images.Validation, outcome.Plan.Images.Test));
        Grid ending = Lines(Phrases.Describe(summary, outcome.Plan.Directory, isPretraining));
        _ending = results is null ? ending : new Rows(results, ending);
        _linesOfResults = results is null ? 0 : results.Count + LinesAroundResults;
        _context!.UpdateTarget(Draw(null));
    }

    private IRenderable Draw(StepProgress? progress)
    {
        List<IRenderable> rows = [];
        int shown = Math.Clamp(console.Profile.Height - LinesAround - _linesOfResults,
            _linesOfResults > 0 ? 0 : 1, EpochsShown);
        if (_epochs.Count > 0 && shown > 0) rows.Add(EpochTable.Of(_epochs, shown));
        if (progress is StepProgress now) rows.AddRange(ProgressLines(now));
        if (_ending is not null) rows.Add(_ending);
        return rows.Count == 0 ? Text.Empty : new Rows(rows);
    }

    private IEnumerable<IRenderable> ProgressLines(StepProgress now)
    {
        yield return new Markup(Bars.Line($"  epoch [bold]{now.Epoch}[/]/{_plan!.Recipe.Optimisation.Epochs}  ",
            (double)now.StepInEpoch / _plan.StepsPerEpoch, $"  step {now.StepInEpoch}/{_plan.StepsPerEpoch}  "
            + $"[bold]{Phrases.Duration(now.Remaining)}[/] left", console.Profile.Width));
        yield return new Markup(
            $"  loss [bold]{Phrases.Loss(now.Loss)}[/]  "
            + (now.Accuracy is null ? "" : $"accuracy [bold]{Phrases.Percent(now.Accuracy)}[/]  ")
            + $"lr {Phrases.Rate(now.LearningRate)}  {Phrases.Count(now.ImagesPerSecond)} images/s  "
            + $"[teal]{_spark}[/]");
    }

    private static Grid Lines(IEnumerable<(string Subject, string Text)> lines)
    {
        Grid grid = new();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(2).PadRight(2));
        grid.AddColumn(new GridColumn().PadRight(0));
        foreach ((string subject, string text) in lines)
            grid.AddRow(new Text(subject, new Style(Color.Grey)), new Prose(Printable.Line(text)));
        return grid;
    }
}
