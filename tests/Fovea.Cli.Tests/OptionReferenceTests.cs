using System.CommandLine;
using System.Text;
using Fovea.Cli.Display;
using Fovea.Cli.Options;

namespace Fovea.Cli.Tests;

/// <summary>The list of all options in docs/commands.md is the one that the commands have. After a change that is
/// meant, <c>FOVEA_ACCEPT_OPTIONS=1</c> writes it anew.</summary>
public sealed class OptionReferenceTests
{
    private const string Begin = "<!-- options -->", End = "<!-- end of options -->", Accept = "FOVEA_ACCEPT_OPTIONS";

    [Fact]
    public void EveryOptionOfEveryCommandIsListed()
    {
        string file = Checkout.At("docs", "commands.md");
        string text = File.ReadAllText(file).ReplaceLineEndings("\n");
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        string expected = $"\n\n{Reference()}\n";
        if (Environment.GetEnvironmentVariable(Accept) == "1")
            File.WriteAllText(file, text = text[..begin] + expected + text[end..]);
        end = text.IndexOf(End, StringComparison.Ordinal);

        Assert.True(text[begin..end] == expected,
            $"{file} differs from what the commands have; if that is meant, run this test with {Accept}=1.");
    }

    private static string Reference()
    {
        RootCommand root = CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, IsInteractive: false),
            CancellationToken.None);
        StringBuilder text = new();
        foreach (Command command in Leaves(root).Where(command => !command.Hidden))
        {
            string[] arguments = [.. command.Arguments.Select(argument => argument.Name)];
            text.Append($"`{string.Join(' ', arguments.Prepend(Examples.PathOf(command)))}`\n");
            bool isTraining = command.Name is "finetune" or "pretrain" or "compare";
            if (isTraining) text.Append("- the options of a recipe, as `fovea train` has them");
            if (isTraining && command.Name == "compare") text.Append(", but `--seed`");
            if (isTraining) text.Append('\n');
            foreach (Option option in command.Options.Where(option => !option.Hidden
                && !(isTraining && (option is RecipeOption { Field.IsOfPretraining: false }
                    || (option is RecipeOption && command.Name != "pretrain") || option.Name.StartsWith("--find-lr")))
                && option.Name != "--help"))
                foreach (string line in Lines($"- `{Names(option)}`: {option.Description}", 118)) text.Append(
                    $"{line}\n");
            text.Append('\n');
        }

        return text.ToString().TrimEnd() + "\n";
    }

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command]
        : [.. command is not RootCommand && command.Options.Any(option => option.Name != "--help") ? [command]
            : Array.Empty<Command>(),
            .. command.Subcommands.SelectMany(Leaves)];

    private static string Names(Option option)
    {
        IEnumerable<string> aliases = option.Aliases.Where(alias => !alias.Contains('_')).Order(StringComparer.Ordinal);
        return string.Join(", ", aliases.Prepend(option.Name));
    }

    /// <summary>Words in lines of a width, those after the first indented.</summary>
    private static IEnumerable<string> Lines(string text, int width)
    {
        StringBuilder line = new();
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line.ToString();
                line.Clear().Append(' ');
            }

            if (line.Length > 0) line.Append(' ');
            line.Append(word);
        }

        yield return line.ToString();
    }
}
