using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Cli.Signals;
using Fovea.Core.Collectives;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea compare STUDY [STUDY ...]</c>: trains every configuration of a study with every seed and reports
/// how they differ; several studies one after the other.</summary>
internal static class CompareCommand
{
    public const string DefaultParent = "studies";

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string[]> files = new("STUDY")
        {
            Description =
                "YAML files: name, base, vary, include, exclude, seeds, published; docs/studies.md describes them",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> output = Make.Text("--out", "DIR",
            $"Directory of the study, new or to go on with, or of the studies; {DefaultParent}/NAME unless given");
        Option<int> jobs = Make.Of("--jobs", SizeForms.Workers, 1,
            "Cells at a time; they share the cores, and results do not depend on it, but times do");
        Option<bool> redo = Make.Switch("--redo-stale", "Train cells anew that were trained before the study changed");
        Option<bool> idle = Make.Switch("--idle",
            "Train with time that nothing else wants; stop with SIGTSTP, go on with SIGCONT");
        Option<bool> quiet = Make.Switch("--quiet", "Nothing but errors", "-q");
        Option<bool> json = Make.Switch("--json",
            "The results as JSON on standard output: an object, or a list of several");
        RecipeOption[] fields = [.. RecipeFields.All.Where(field => field.Name is not ("seed" or "out"))
            .Select(field => new RecipeOption(field))];

        Command command = new("compare",
            "Train and compare models, attention mechanisms or anything else that 'train' has an option for.")
        {
            files, output, jobs, redo, idle, quiet, json,
        };
        foreach (RecipeOption field in fields) command.Add(field);
        command.SetAction(parsed =>
        {
            _ = Collective.Open();   // so that the first rank that ends, ends all
            Launcher.RequireOne(Launcher.Current, "compare");
            string[] given = parsed.GetRequiredValue(files);
            Setting[] settings = [.. fields.Where(field => field.Given(parsed) is not null)
                .Select(field => Setting.Read(field.Field.Name, field.Given(parsed)!, field.Name))];
            StudyPlan[] plans = [.. given.Select(file => StudyFile.Read(file).With(settings))
                .Select(study => PlanOf(study, FolderOf(study, parsed.GetValue(output), given.Length), terminal,
                    stop))];
            if (plans.GroupBy(plan => Path.GetFullPath(plan.Directory)).FirstOrDefault(same => same.Count() > 1)
                is { } twice)
                throw new UsageException($"{string.Join(" and ", twice.Select(plan => plan.Study.Source))} have one "
                    + $"name, '{twice.First().Study.Name}', and so one directory; change the 'name' of one.");
            bool asJson = parsed.GetValue(json), silent = parsed.GetValue(quiet) || asJson;
            int failures = 0;
            foreach (StudyPlan plan in plans)
            {
                failures += Run(plan, parsed.GetValue(jobs), parsed.GetValue(redo), parsed.GetValue(idle), silent,
                    terminal, stop);
                if (stop.IsCancellationRequested) break;
            }

            if (asJson) Print(terminal.Output, plans);
            if (failures > 0) return ExitCode.Failure;
            return plans.FirstOrDefault(plan => plan.Cells.Any(cell => !cell.IsFinished)) is not StudyPlan unfinished
                ? ExitCode.Success : throw new StudyInterruptedException(unfinished.Directory);
        });
        return command;
    }

    /// <summary>The plan of a study, whose published weights are fetched first.</summary>
    private static StudyPlan PlanOf(Study study, string folder, Terminal terminal, CancellationToken stop)
    {
        StudyPlan plan = StudyPlan.Resolve(study, folder, looksAtWeights: false);
        if (plan.Cells.All(cell => cell.Recipe.Model is { Weights: null, Pretrained: null })) return plan;
        foreach (Recipe recipe in plan.Cells.Where(cell => !cell.IsFinished).Select(cell => cell.Recipe)
            .DistinctBy(recipe => (recipe.Model.Name, recipe.Model.Weights, recipe.Model.Pretrained)))
            PublishedFiles.Fetch(PretrainedWeights.Missing(recipe), terminal, stop);
        return StudyPlan.Resolve(study, folder);
    }

    private static string FolderOf(Study study, string? output, int studies) => output is null
        ? Path.Combine(DefaultParent, study.Name)
        : studies == 1 ? output : Path.Combine(output, study.Name);

    /// <summary>Carries out a study; how many of its cells failed.</summary>
    private static int Run(StudyPlan plan, int jobs, bool redo, bool idle, bool silent, Terminal terminal,
        CancellationToken stop)
    {
        IStudyDisplay display = silent ? new QuietStudyDisplay() : terminal.IsInteractive
            ? new LiveStudyDisplay(terminal.Console) : new PlainStudyDisplay(terminal.Output);
        CellProcess cells = new(idle);
        StudyStatusWriter status = new(display);
        using StudyPause pause = new(cells, status);
        IReadOnlyList<CellFailure> failures = [];
        using WorkInHand work = new WorkInHand().Begin();
        display.Show(() => failures = new StudyRunner(plan, jobs, cells.Train, status).Run(redo, stop));
        if (!silent) Print(terminal.Console, StudyResults.Read(plan), plan.Directory);
        foreach (CellFailure failure in failures)
            terminal.Error.WriteLine($"fovea: {failure.Cell.Label}: {failure.Reason}");
        return failures.Count;
    }

    private static void Print(TextWriter output, StudyPlan[] plans)
    {
        string[] results = [.. plans.Select(plan => Path.Combine(plan.Directory, "study.json")).Where(File.Exists)
            .Select(File.ReadAllText)];
        output.Write(plans.Length == 1 ? string.Concat(results)
            : $"[{string.Join(",", results.Select(text => text.TrimEnd()))}]\n");
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
        foreach (string note in content.Notes) console.Line(note);
        foreach (string sentence in Recommendation.Of(results).SelectMany(one => one.Sentences)) console.Line(sentence);
        console.Line($"report {Path.Combine(directory, "study.html")}");
    }
}
