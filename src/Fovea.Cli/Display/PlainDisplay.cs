using Fovea.Cli.Options;
using Fovea.Lab.Reports;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>One line per logged step and epoch: for pipes, files and logs.</summary>
internal sealed class PlainDisplay(TextWriter output, string command, IReadOnlyList<string> idle) : IRunDisplay
{
    private RunPlan? _plan;
    private TimeSpan _remaining;
    private long _tenthsCached;

    private bool IsPretraining => _plan!.Recipe.Pretraining.Method != PretrainingMethod.None;

    public void Show(Func<RunSummary> run) => run();

    public void Cached(int done, int total)
    {
        if (10L * done / total == _tenthsCached) return;
        _tenthsCached = 10L * done / total;
        output.WriteLine($"{"cache",-9} {Phrases.Cached(done, total)}");
    }

    public void Started(RunPlan plan)
    {
        _plan = plan;
        Print(Phrases.Describe(plan, DateTimeOffset.Now, command, idle));
    }

    public void Warned(string message) => Print([("warning", OptionNames.Of(message))]);

    public void Progressed(in StepProgress progress) => _remaining = progress.Remaining;

    public void Logged(RunEvent entry)
    {
        string epoch = $"epoch {entry.Epoch}/{_plan!.Recipe.Optimisation.Epochs}";
        string measures = Phrases.Measures(entry.Measures);
        string training = $"loss {Phrases.Loss(entry.TrainLoss)}"
            + (IsPretraining ? "" : $"  accuracy {Phrases.Percent(entry.TrainAccuracy)}")
            + (measures.Length > 0 ? $"  {measures}" : "");
        string validation = IsPretraining ? "" : $"validation loss {Phrases.Loss(entry.ValLoss)}  "
            + $"accuracy {Phrases.Percent(entry.ValAccuracy)}  ";
        string? line = entry.Event switch
        {
            "step" => $"{epoch}  step {entry.Step}/{_plan.Steps}  {training}  lr {Phrases.Rate(entry.Lr ?? 0)}  "
                + $"{Phrases.Count(entry.ImagesPerSecond ?? 0)} images/s  {Phrases.Duration(_remaining)} left",
            "epoch" => $"{epoch}  done  {training}  {validation}{Map(entry.ValMap)}"
                + $"{Phrases.Duration(entry.Seconds ?? 0)} so far",
            _ => null,
        };
        if (line is not null) output.WriteLine(line);
    }

    public void Ended(RunOutcome outcome)
    {
        if (outcome.Summary is not RunSummary summary) return;
        if (!IsPretraining)
            Print(ResultTable.Lines(PartResult.Of(summary, outcome.Plan.Images.Validation, outcome.Plan.Images.Test)));
        Print(Phrases.Describe(summary, outcome.Plan.Directory, IsPretraining));
    }

    private static string Map(double? map) => map is null ? "" : $"mAP {Phrases.Percent(map)}  ";

    private void Print(IEnumerable<(string Subject, string Text)> lines)
    {
        foreach ((string subject, string text) in lines) output.WriteLine(Printable.Line($"{subject,-9} {text}"));
    }
}
