using System.CommandLine;
using System.Globalization;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Files;
using Fovea.Lab.Studies;
using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea runs list [DIR ...]</c>: a table of runs.</summary>
internal static class RunsListCommand
{
    /// <summary>Columns; what a run reached is the last to go.</summary>
    internal static readonly string[] Headings =
        ["run", "model", "!attention", "?dataset", ">epochs", ">validation", "!>test", "?>time", "?date"];

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> folders = new("DIR")
        {
            Description = $"Folders to look through, three levels deep; {RunDirectory.DefaultParent}/ unless given",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("list", "List runs with what they reached.") { folders, json };
        command.SetAction(parsed =>
        {
            string[] given = parsed.GetValue(folders) is { Length: > 0 } some ? some : [RunDirectory.DefaultParent];
            Entry[] runs = [.. given.SelectMany(Find).Distinct().Select(Read)];
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    Runs = runs.Select(Describe),
                    Studies = Studies(given).Select(study => new
                    {
                        Study = study.Path,
                        State = StateOf(study),
                        study.Status.Finished,
                        study.Status.Cells,
                        Now = study.Status.Cell,
                        study.Status.Epoch,
                        study.Status.Epochs
                    }),
                });
            else Print(terminal.Console, runs);
            if (!parsed.GetValue(json)) Print(terminal.Console, Studies(given));
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<string> Find(string folder) => Directory.Exists(folder) ? RunRecord.Find(folder)
        : throw new UsageException($"there is no folder '{folder}' to look for runs in.");

    private static Entry Read(string path)
    {
        try
        {
            return new Entry(path, RunRecord.Read(path), null);
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            // one that cannot be read hides no other
            return new Entry(path, null, error is FoveaException known ? OptionNames.Message(known) : error.Message);
        }
    }

    private static object Describe(Entry entry) => entry.Record is not RunRecord run
        ? new { Run = entry.Path, entry.Problem } : new
        {
            Run = entry.Path,
            Model = run.Recipe.Model.Name,
            Attention = run.Recipe.Model.Attention?.ToString(),
            run.Recipe.Data.Dataset,
            run.Recipe.Run.Seed,
            EpochsDone = run.Epochs.LastOrDefault()?.Epoch ?? 0,
            run.Recipe.Optimisation.Epochs,
            Finished = run.Summary is not null,
            ValAccuracy = BestValidation(run),
            run.Summary?.TestAccuracy,
            Date = run.LastChange.ToString("O", CultureInfo.InvariantCulture),
            run.Summary?.Seconds,
        };

    private static void Print(IAnsiConsole console, Entry[] runs)
    {
        if (runs.Length == 0)
        {
            console.Line("no runs");
            return;
        }

        Tables table = Tables.Create(Headings);
        foreach (Entry entry in runs)
        {
            if (entry.Record is not RunRecord run) continue;
            table.AddRow(
                Cell.Name(entry.Path), new Cell(run.Recipe.Model.Name),
                new Cell(run.Recipe.Model.Attention?.ToString() ?? "-"), new Cell(run.Recipe.Data.Dataset ?? "-"),
                new Cell($"{run.Epochs.LastOrDefault()?.Epoch ?? 0}/{run.Recipe.Optimisation.Epochs}"),
                new Cell(Phrases.Percent(BestValidation(run))),
                new Cell(run.Summary is null ? "unfinished" : Phrases.Percent(run.Summary.TestAccuracy)),
                new Cell(Phrases.Duration(run.Summary?.Seconds ?? (run.Events.Count > 0 ? run.Events[^1].Seconds : null)
                    ?? 0)),
                new Cell(run.LastChange.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)));
        }

        if (table.Count > 0) console.Write(table);
        // whole, for whoever copies it
        foreach (Entry entry in runs.Where(entry => entry.Record is null))
            console.Line($"{entry.Path}: {entry.Problem}");
    }

    /// <summary>Studies that are one of the folders or lie in one, or in the usual place.</summary>
    private static IEnumerable<(string Path, StudyStatus Status)> Studies(string[] folders) => folders
        .Concat(folders.Contains(RunDirectory.DefaultParent) ? [CompareCommand.DefaultParent] : Array.Empty<string>())
        .Where(Directory.Exists)
        .SelectMany(folder => Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Prepend(folder))
        .Select(path => (path, StudyStatus.Read(path)))
        .Where(study => study.Item2 is not null).Select(study => (study.path, study.Item2!));

    private static string StateOf((string Path, StudyStatus Status) study) =>
        !DirectoryLock.IsHeld(study.Path) ? study.Status.Finished == study.Status.Cells ? "finished" : "stopped"
        : study.Status.Paused ? "paused" : "running";

    private static void Print(IAnsiConsole console, IEnumerable<(string Path, StudyStatus Status)> studies)
    {
        foreach ((string path, StudyStatus status) in studies)
        {
            string now = status.Cell is null ? ""
                : $"; {status.Cell}: epoch {status.Epoch} of {status.Epochs}";
            console.Line($"{path}: {StateOf((path, status))}, {status.Finished} of "
                + $"{Phrases.Plural(status.Cells, "cell")} finished{now}");
        }
    }

    private static double? BestValidation(RunRecord run) => run.Summary?.BestValAccuracy
        ?? run.Epochs.Max(epoch => epoch.ValAccuracy);

    private sealed record Entry(string Path, RunRecord? Record, string? Problem);
}
