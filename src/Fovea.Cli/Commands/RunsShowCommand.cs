using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Lab.Reports;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea runs show RUN</c>: a run's results and its recipe.</summary>
internal static class RunsShowCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> path = new("RUN") { Description = "Run directory" };
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("show", "Show the recipe and the results of a run.") { path, json };
        command.SetAction(parsed =>
        {
            RunRecord run = RunRecord.Read(parsed.GetRequiredValue(path));
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(run));
            else Print(terminal.Console, run);
            return ExitCode.Success;
        });
        return command;
    }

    private static object Describe(RunRecord run) => new
    {
        Run = run.Run.Path,
        Recipe = RecipeFields.All.Where(field => !field.IsShorthand)
            .ToDictionary(field => field.Name, field => field.Read(run.Recipe)),
        run.Summary,
        Epochs = run.Epochs,
    };

    private static void Print(IAnsiConsole console, RunRecord run)
    {
        Tables table = Tables.Create("option", "~value");
        foreach (RecipeField field in RecipeFields.All.Where(field => !field.IsShorthand))
            table.AddRow(Cell.Name(field.Name), new Cell(field.Read(run.Recipe)));
        console.Write(table);
        RunEvent[] epochs = [.. run.Epochs];
        if (epochs.Length > 0) console.Write(EpochTable.Of(epochs));
        if (run.Summary is null) console.Line($"not finished: 'fovea train --resume {run.Run.Path}' goes on");
        else
        {
            if (ResultTable.Of(PartResult.Of(run.Summary)) is Tables results) console.Write(results);
            foreach ((string subject, string text) in Phrases.Describe(run.Summary, run.Run.Path))
                console.Line(subject, text);
        }
    }
}
