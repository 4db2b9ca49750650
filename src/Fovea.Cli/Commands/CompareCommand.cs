using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea compare STUDY</c>: trains every configuration of a study with every seed and reports how they
/// differ.</summary>
internal static class CompareCommand
{
    private const string DefaultParent = "studies";

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> file = new("STUDY")
        {
            Description =
                "YAML file: name, base, vary, include, exclude, seeds, published; docs/studies.md describes it"
        };
        Option<string?> output = Make.Text("--out", "DIR",
            $"Directory of the study, new or to go on with; {DefaultParent}/NAME unless given");
        Option<int> jobs = Make.Count("--jobs", 1,
            "Cells at a time; they share the cores, and results do not depend on it, but times do");
        Option<bool> redo = Make.Switch("--redo-stale", "Train cells anew that were trained before the study changed");
        Option<bool> quiet = Make.Switch("--quiet", "Nothing but errors", "-q");
        Option<bool> json = Make.Switch("--json", "The results as one JSON object on standard output");
        RecipeOption[] fields = [.. RecipeFields.All.Where(field => field.Name is not ("seed" or "out"))
            .Select(field => new RecipeOption(field))];

        Command command = new("compare",
            "Train and compare models, attention mechanisms or anything else that 'train' has an option for.")
        {
            file, output, jobs, redo, quiet, json,
        };
        foreach (RecipeOption field in fields) command.Add(field);
        command.SetAction(parsed =>
        {
            Study study = StudyFile.Read(parsed.GetRequiredValue(file))
                .With([.. fields.Where(field => field.Given(parsed) is not null)
                    .Select(field => Setting.Read(field.Field.Name, field.Given(parsed)!, field.Name))]);
            StudyPlan plan = StudyPlan.Resolve(study,
                parsed.GetValue(output) ?? Path.Combine(DefaultParent, study.Name));
            bool silent = parsed.GetValue(quiet) || parsed.GetValue(json);
            IStudyDisplay display = silent ? new QuietStudyDisplay() : terminal.IsInteractive
                ? new LiveStudyDisplay(terminal.Console) : new PlainStudyDisplay(terminal.Output);

            IReadOnlyList<CellFailure> failures = [];
            display.Show(() => failures = new StudyRunner(plan, parsed.GetValue(jobs), CellProcess.Train,
                display).Run(parsed.GetValue(redo), stop));
            if (parsed.GetValue(json))
                terminal.Output.Write(File.ReadAllText(Path.Combine(plan.Directory, "study.json")));
            else if (!silent) Print(terminal.Console, StudyResults.Read(plan), plan.Directory);
            foreach (CellFailure failure in failures)
                terminal.Error.WriteLine($"fovea: {failure.Cell.Label}: {failure.Reason}");
            if (failures.Count > 0) return ExitCode.Failure;
            return plan.Cells.All(cell => cell.IsFinished) ? ExitCode.Success
                : throw new StudyInterruptedException(plan.Directory);
        });
        return command;
    }

    private static void Print(IAnsiConsole console, StudyResults results, string directory)
    {
        StudyTable content = StudyTable.Of(results);
        Tables table = Tables.Create([.. content.Headings]);
        foreach (IReadOnlyList<string> row in content.Rows)
            table.AddRow([Cell.Name(row[0]),
                .. row.Skip(1).Select(cell =>
                    new Cell(cell, row.Contains("best") ? new Style(Color.Green) : Style.Plain))]);
        console.Write(table);
        foreach (string note in content.Notes) console.WriteLine(note);
        console.WriteLine($"report {Path.Combine(directory, "study.html")}");
    }
}
