using System.CommandLine;
using Fovea.Cli.Display;

namespace Fovea.Cli.Tests;

/// <summary>Help pages at the widths of usual terminals.</summary>
public sealed class HelpTests
{
    public static TheoryData<int> Widths => [60, 80, 100, 120];

    [Theory]
    [MemberData(nameof(Widths))]
    public void NoPageIsWiderThanTheTerminalAndNoWordIsSplit(int width)
    {
        foreach (string command in Commands())
        {
            string page = Page(command, width);
            string[] lines = page.Split('\n').Select(line => line.TrimEnd()).ToArray();
            string[] own = [.. lines.TakeWhile(line => line != "Examples")];
            Assert.All(own, line => Assert.True(line.Length <= width, $"{command}: {line}"));
            HashSet<string> words = [.. page.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)];
            foreach (Option option in Find(command).Options.Where(option => !option.Hidden))
            {
                Assert.Contains(option.Name, words);
                foreach (string word in (option.Description ?? "").Split(' ').Where(word => !word.Contains('/')
                    && !word.Contains('`')))
                    Assert.Contains(word, words);
            }
        }
    }

    [Fact]
    public void AStandardValueIsWrittenAsOneWouldTypeIt() => Assert.Contains("[fp32]", Page("bench", 120));

    [Fact]
    public void ALongNameOfAnOptionStandsOnALineOfItsOwn()
    {
        string[] lines = Page("train", 60).ReplaceLineEndings("\n").Split('\n');
        int at = Array.FindIndex(lines, line => line.Trim() == "--attention NAME[:key=value,...]");
        Assert.True(at > 0);
        int column = lines.First(line => line.TrimStart().StartsWith("--dim N ", StringComparison.Ordinal))
            .IndexOf("Elements", StringComparison.Ordinal);
        Assert.StartsWith(new string(' ', column) + "Attention mechanism", lines[at + 1]);
    }

    private static string Page(string command, int width)
    {
        using StringWriter output = new(), error = new();
        Terminal terminal = new(output, error, IsInteractive: false);
        terminal.Console.Profile.Width = width;
        CommandLine.CreateRoot(terminal, CancellationToken.None).Parse($"{command} --help").Invoke();
        return output.ToString();
    }

    private static IEnumerable<string> Commands() => Root().Subcommands.Where(command => !command.Hidden)
        .SelectMany(command => command.Subcommands.Select(sub =>
            $"{command.Name} {sub.Name}").DefaultIfEmpty(command.Name));

    private static Command Find(string path) => path.Split(' ').Aggregate((Command)Root(), (command, name) =>
        command.Subcommands.Single(sub => sub.Name == name));

    private static RootCommand Root() => CommandLine.CreateRoot(
        new Terminal(TextWriter.Null, TextWriter.Null, IsInteractive: false), CancellationToken.None);

    /// <remarks>The list is printed without making the commands, which takes longer than printing.</remarks>
    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("-h")]
    public void The_list_of_commands_is_that_of_the_commands_themselves(params string[] arguments)
    {
        Terminal terminal = new(TextWriter.Null, TextWriter.Null, false);
        IEnumerable<Command> whole = CommandLine.CreateRoot(terminal, CancellationToken.None).Subcommands;
        IEnumerable<Command> listed = CommandLine.CreateRoot(terminal, arguments, CancellationToken.None).Subcommands;
        Assert.Equal(
            whole.Select(command => (command.Name, FirstSentence(command.Description!), command.Hidden)),
            listed.Select(command => (command.Name, command.Description!, command.Hidden)));
        Assert.All(whole, command => Assert.Equal(command.Options.Select(option => option.Name), CommandLine
            .CreateRoot(terminal, [command.Name, "x"], CancellationToken.None).Subcommands.Single()
            .Options.Select(option => option.Name)));

        static string FirstSentence(string text) =>
            text.Contains(". ", StringComparison.Ordinal) ? text[..(text.IndexOf(". ", StringComparison.Ordinal) + 1)]
                : text;
    }
}
