using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Spectre.Console;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea runs diff RUN RUN</c>: in which options and results two runs differ.</summary>
internal static class RunsDiffCommand
{
    private const int RoomForNames = 30;

    public static Command Create(Terminal terminal)
    {
        Argument<string> left = new("RUN") { Description = "Run directory" },
            right = new("OTHER") { Description = "Run directory to compare with" };
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("diff", "Show in which options and results two runs differ.") { left, right, json };
        command.SetAction(parsed =>
        {
            RunRecord a = RunRecord.Read(parsed.GetRequiredValue(left));
            RunRecord b = RunRecord.Read(parsed.GetRequiredValue(right));
            Difference[] options = [.. Options(a, b)], results = [.. Results(a, b)];
            if (parsed.GetValue(json))
                terminal.Output.Document(new
                {
                    Runs = new[] { a.Run.Path, b.Run.Path },
                    Options = options,
                    Results = results
                });
            else Print(terminal.Console, a, b, options, results);
            return ExitCode.Success;
        });
        return command;
    }

    private static IEnumerable<Difference> Options(RunRecord a, RunRecord b) =>
        RecipeFields.All.Where(field => field.Name != "out" && !field.IsShorthand)
        .Select(field => new Difference(field.Name, field.Read(a.Recipe), field.Read(b.Recipe)))
        .Where(one => one.Left != one.Right);

    private static IEnumerable<Difference> Results(RunRecord a, RunRecord b)
    {
        Dictionary<string, string> left = Members(a), right = Members(b);
        return left.Keys.Union(right.Keys)
            .Where(name => RecipeFields.Find(name) is null)   // told among the options
            .Select(name => new Difference(name, left.GetValueOrDefault(name, "-"), right.GetValueOrDefault(name, "-")))
            .Where(one => one.Left != one.Right);
    }

    /// <summary>The members of <c>summary.json</c> under their names there.</summary>
    private static Dictionary<string, string> Members(RunRecord run)
    {
        if (run.Summary is null) return [];
        using JsonDocument summary = JsonDocument.Parse(JsonText.Line(run.Summary));
        return summary.RootElement.EnumerateObject()
            .ToDictionary(member => member.Name, member => member.Value.ToString());
    }

    private static void Print(IAnsiConsole console, RunRecord a, RunRecord b, Difference[] options,
        Difference[] results)
    {
        // Paths too long for headings stand above the table.
        bool isLong = a.Run.Path.Length + b.Run.Path.Length > console.Profile.Width - RoomForNames;
        if (isLong)
        {
            console.Line("first", a.Run.Path);
            console.Line("second", b.Run.Path);
        }

        Tables table = isLong ? Tables.Create("differs", "~first", "~second")
            : Tables.Create("differs", "~" + a.Run.Path, "~" + b.Run.Path);
        foreach (Difference one in options.Concat(results))
            table.AddRow(Cell.Name(one.Name), new Cell(Rounded(one.Left, one.Right)),
                new Cell(Rounded(one.Right, one.Left)));
        if (options.Length + results.Length > 0) console.Write(table);
        console.Line($"{Count(options, "option")} and {Count(results, "result")} differ");
    }

    /// <summary>Four digits of a number with a fraction, or as many as tell it from the other.</summary>
    private static string Rounded(string text, string other)
    {
        if (!text.Contains('.') || !double.TryParse(text, CultureInfo.InvariantCulture, out double value)) return text;
        if (!double.TryParse(other, CultureInfo.InvariantCulture, out double opposite)) opposite = double.NaN;
        string Digits(double number, int count) => number.ToString($"G{count}", CultureInfo.InvariantCulture);
        int digits = Enumerable.Range(4, 13).FirstOrDefault(
            count => Digits(value, count) != Digits(opposite, count), 17);
        return Digits(value, digits);
    }

    private static string Count(Difference[] found, string what) =>
        $"{found.Length} {what}{(found.Length == 1 ? "" : "s")}";

    private sealed record Difference(string Name, string Left, string Right);
}
