using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Recipes;

namespace Fovea.Cli.Tests;

/// <summary>Command lines that people copy: in help, in README.md, in docs and in recipes.</summary>
public sealed partial class ExamplesTests
{
    private static readonly RootCommand Root = CommandLine.CreateRoot(
        new Terminal(TextWriter.Null, TextWriter.Null, IsInteractive: false), CancellationToken.None);

    [Fact]
    public void EveryCommandHasTwoOrThree() =>
        Assert.All(Commands(Root).Where(command => !command.Hidden),
            command => Assert.InRange(Examples.Of(command).Count, 2, 3));

    [Fact]
    public void AllAreUnderstood()
    {
        foreach (Command command in Commands(Root))
            Assert.All(Examples.Of(command), line =>
            {
                Assert.StartsWith(Examples.PathOf(command), line, StringComparison.Ordinal);
                RequireUnderstood(line);
            });
    }

    [Fact]
    public void ThoseOfReadmeDocsAndRecipesAreUnderstood()
    {
        string root = Checkout.Root;
        string[] files = [Path.Combine(root, "README.md"), Path.Combine(root, "bench", "README.md"),
            .. Directory.GetFiles(Path.Combine(root, "docs"), "*.md"),
            .. Directory.GetFiles(Path.Combine(root, "recipes"), "*.yaml")];
        string[] lines = [.. files.SelectMany(file => CommandsIn(File.ReadAllText(file)))];

        Assert.True(lines.Length > 60, $"{lines.Length} command lines found");
        Assert.All(lines, RequireUnderstood);
    }

    [Fact]
    public void HelpEndsWithThem()
    {
        using Shell shell = new();
        Assert.Equal(0, shell.Run("predict", "--help"));
        Assert.EndsWith("  fovea predict runs/NAME --index 0,1,2\n", shell.Output.ReplaceLineEndings("\n"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void FineTuningAndStudiesShowTheirOwnDefaults()
    {
        using Shell shell = new();
        shell.Run("train", "--help");
        Assert.Matches(@"--lr X +Largest learning rate \[0.002\]", shell.Output);
        shell.Run("finetune", "--help");
        Assert.Matches(@"--lr X +Largest learning rate \[0.0005\]", shell.Output);
        Assert.Matches(@"--layer-decay X .*\[0.75\]", shell.Output.ReplaceLineEndings(" "));
        Assert.Contains("[that of the weights]", shell.Output, StringComparison.Ordinal);
        shell.Run("compare", "--help");
        Assert.Matches(@"--lr X +Largest learning rate\s", shell.Output);
    }

    [Fact]
    public void NoDescriptionEndsInDots() =>
        Assert.All(Commands(Root).SelectMany(command => command.Options), option =>
            Assert.DoesNotMatch(@"(\.\.\.|\u2026)\)?$", option.Description ?? ""));

    private static IEnumerable<Command> Commands(Command command) =>
        command.Subcommands.SelectMany(Commands).Prepend(command);

    private static void RequireUnderstood(string line)
    {
        string[] words = ProjectArguments.Translate([.. CommandLineParser.SplitCommandLine(line).Skip(1)], _ => { });
        ParseResult parsed = Root.Parse(words);
        Assert.True(parsed.Errors.Count == 0,
            $"{line}: {string.Join("; ", parsed.Errors.Select(error => error.Message))}");
        foreach (RecipeOption option in parsed.CommandResult.Command.Options.OfType<RecipeOption>())
            if (option.Given(parsed) is string value && !value.All(char.IsAsciiLetterUpper))   // SHARE stands for one
                option.Field.Write(Recipe.Default, value, line);
    }

    /// <summary>The commands in code blocks or the head of a recipe, without comments and with the shell's
    /// variables.</summary>
    private static IEnumerable<string> CommandsIn(string text)
    {
        Dictionary<string, string> variables = [];
        foreach (string line in Continued().Replace(text, " ").Split('\n'))
        {
            foreach (Match one in Assigned().Matches(line)) variables[one.Groups[1].Value] = one.Groups[2].Value;
            Match match = Pattern().Match(line);
            if (!match.Success || line.Contains('`')) continue;
            string command = match.Groups[2].Value;
            foreach ((string name, string value) in variables) command = command.Replace($"${name}", value);
            int comment = command.IndexOf(" #", StringComparison.Ordinal);
            yield return "fovea " + (comment < 0 ? command : command[..comment]).Trim();
        }
    }

    [GeneratedRegex(@"\s*\\\r?\n#?\s*")]
    private static partial Regex Continued();

    [GeneratedRegex(@"\b([A-Z]+)=""([^""]*)""")]
    private static partial Regex Assigned();

    [GeneratedRegex(@"^(?:# +|\s*)(fovea|dotnet run (?:-c Release )?--project src/Fovea\.Cli --) ([a-z].*)$")]
    private static partial Regex Pattern();
}
