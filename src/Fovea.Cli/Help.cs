using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using Fovea.Cli.Commands;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Recipes;
using Spectre.Console;

namespace Fovea.Cli;

/// <summary>Help pages: options under the headings of a recipe, one name each (aliases would drown it), defaults in
/// brackets.</summary>
internal sealed class Help(Terminal terminal) : SynchronousCommandLineAction
{
    private const int WidestPage = 100, WidestNames = 36, Gap = 2;

    /// <summary>Names that would take more of a line than this stand on a line of their own.</summary>
    private const double LargestShare = 0.36;

    /// <summary>Replaces the library's help.</summary>
    public static void Install(RootCommand root, Terminal terminal)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            option.Action = new Help(terminal);
            option.Description = "Show this";
        }

        root.SetAction(parsed => new Help(terminal).Invoke(parsed));
        foreach (Command group in root.Subcommands.Where(command => command.Subcommands.Any()
            && command.Action is null))
            group.SetAction(parsed => new Help(terminal).Invoke(parsed));
    }

    /// <summary>True for a group that does something by itself.</summary>
    private static bool HasOptions(Command command) =>
        command.Options.Any(option => option is not HelpOption && !option.Recursive);

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        IAnsiConsole console = terminal.Console;
        console.Profile.Width = Math.Min(console.Profile.Width, WidestPage);
        string name = Examples.PathOf(command);
        console.MarkupLineInterpolated($"{command.Description}");
        console.WriteLine();
        string arguments = string.Concat(command.Arguments.Select(Placeholder))
            + (!command.Subcommands.Any() ? "" : HasOptions(command) ? " [COMMAND]" : " COMMAND");
        console.MarkupLineInterpolated($"[bold]Usage[/]  {name}{arguments} [[options]]");

        Print("Commands", command.Subcommands.Where(sub => !sub.Hidden).Select(sub =>
            (sub.Name, FirstSentence(sub.Description ?? ""))));
        Print("Arguments", command.Arguments.Select(argument => (argument.Name, argument.Description ?? "")));
        IEnumerable<Option> everywhere = parseResult.RootCommandResult.Command.Options.Where(option =>
            option.Recursive);
        IEnumerable<Option> options = command.Options.Concat(everywhere).Distinct();
        foreach (IGrouping<string, Option> section in options.GroupBy(option => (option as RecipeOption)?.Field.Section
            ?? "Options"))
            Print(section.Key, section.Select(option => (Names(option), Describe(option))));
        if (command.Options.OfType<RecipeOption>().Any(option => option.Field.Section == "Optimisation"))
        {
            console.WriteLine();
            if (Brackets(command.Name) is string brackets) console.WriteLine(brackets);
            console.WriteLine(
                "Underscores are as good as hyphens (--batch_size), and timm's names are understood (such as "
                    + "--img-size, --opt and --sched).");
        }

        if (command is RootCommand)
        {
            console.WriteLine();
            console.WriteLine("Exit codes: 0 done, 1 failed, 2 wrong usage (nothing was done), 128 and the number of a "
                + "signal that ended it: 130 for Ctrl-C, 143 for SIGTERM, 138 for SIGUSR1 (158 on macOS). Training "
                + "finishes its step and saves before.");
        }

        IReadOnlyList<string> examples = Examples.Of(command);
        if (examples.Count == 0) return ExitCode.Success;
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]Examples[/]");
        foreach (string example in examples) terminal.Output.WriteLine($"  {example}");

        return ExitCode.Success;
    }

    /// <summary>Meaning of the values in brackets.</summary>
    private static string? Brackets(string command) => command switch
    {
        "train" => $"In brackets: what is used for {Recipe.Default.Model.Name}; other models have epochs, batch size "
            + "and rate of their own.",
        "finetune" => "In brackets: what is used for a transformer; some models have epochs and batch size of their "
            + "own.",
        "compare" => "What is given here goes over the study's base. What neither says is as in 'train'.",
        _ => null,
    };

    private void Print(string heading, IEnumerable<(string Left, string Right)> rows)
    {
        if (!rows.Any()) return;
        int widest = Math.Min(WidestNames, (int)(terminal.Console.Profile.Width * LargestShare));
        int names = rows.Select(row => row.Left.Length).Where(length => length <= widest).Append(0).Max();
        terminal.Console.WriteLine();
        terminal.Console.MarkupLineInterpolated($"[bold]{heading}[/]");
        foreach ((string left, string right) in rows)
        {
            bool isBeside = left.Length <= names;
            if (!isBeside) Write(new Prose(left, new Style(Color.Teal)) { Indent = Gap, Hang = Gap });
            Write(new Prose((isBeside ? left : "").PadRight(names + Gap) + right)
            {
                Indent = Gap,
                Hang = names + Gap,
                Head = names,
                HeadStyle = new Style(Color.Teal),
            });
        }
    }

    private void Write(Prose prose)
    {
        terminal.Console.Write(prose);
        terminal.Console.WriteLine();
    }

    private static string Names(Option option)
    {
        string[] letters = [.. option.Aliases
            .Where(alias => alias.Length == 2 && char.IsAsciiLetter(alias[1]) && alias[0] == '-')];
        string value = string.IsNullOrEmpty(option.HelpName) ? "" : $" {option.HelpName}";
        return string.Join(", ", letters.Append(option.Name)) + value;
    }

    private static string Describe(Option option)
    {
        string standard = option switch
        {
            RecipeOption { Field.IsFlag: false, Standard: string words } => words,
            RecipeOption => "",
            { HasDefaultValue: true } when option.GetDefaultValue() is Array values =>
                string.Join(',', values.Cast<object>().Select(Text)),
            { HasDefaultValue: true } when option.ValueType != typeof(bool) && option.GetDefaultValue() is { } value =>
                Text(value),
            _ => "",
        };
        return standard.Length == 0 ? option.Description ?? "" : $"{option.Description} [{standard}]";
    }

    /// <summary>A value as one would type it: words of an enumeration are small.</summary>
    private static string Text(object value) => value is Enum ? $"{value}".ToLowerInvariant()
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static string FirstSentence(string text) => text.IndexOf(". ", StringComparison.Ordinal) is >= 0 and int end
        ? text[..(end + 1)] : text;

    private static string Placeholder(Argument argument) =>
        argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}";
}
