using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Fovea.Cli.Options;

/// <summary>Spellings of options: underscores for hyphens everywhere, and the nearest name for one that does not
/// exist.</summary>
internal static partial class OptionNames
{
    /// <summary>The sentences of an error on one line, with options for fields.</summary>
    public static string Message(FoveaException error) => string.Join(' ', Lines(error));

    /// <summary>The sentences of an error, with options for fields: each of its details on a line of its
    /// own.</summary>
    public static IReadOnlyList<string> Lines(FoveaException error)
    {
        IEnumerable<string> lines = error.Details.Count == 0
            ? [error.Remedy is null ? error.Sentence : $"{error.Sentence} {error.Remedy}"]
            : [error.Sentence, .. error.Details.Select(detail => $"  {detail}"),
                .. error.Remedy is null ? Array.Empty<string>() : [$"  {error.Remedy}"]];
        return [.. lines.Select(Of)];
    }

    /// <summary>A text with options for the fields that stand in backticks: <c>--image-size</c> for
    /// <c>`image-size`</c>.</summary>
    public static string Of(string text) => FieldInText().Replace(text, "--$1");

    /// <summary>Lets every option of a command and its subcommands be written with underscores.</summary>
    public static void AddUnderscores(Command command)
    {
        foreach (Option option in command.Options)
            foreach (string name in option.Aliases.Prepend(option.Name).Select(WithUnderscores).ToArray())
                if (name != option.Name && !option.Aliases.Contains(name)) option.Aliases.Add(name);
        foreach (Command subcommand in command.Subcommands) AddUnderscores(subcommand);
    }

    /// <summary>The errors of a command line, a line for each; of options that do not exist only those, since the rest
    /// follows from them: their values stand alone then.</summary>
    public static IEnumerable<string> Errors(ParseResult parsed) =>
        Unknown(parsed) is { Count: > 0 } unknown
            ? unknown.Select(token => $"Unrecognized command or argument '{token}'.{DidYouMean(token, parsed)}")
            : parsed.Errors.Select(error => GivenTwice(error) ?? MissingArgument(error, parsed) ?? error.Message
                + DidYouMean(parsed.UnmatchedTokens.FirstOrDefault(token => Names(error, token)), parsed));

    /// <summary>Options that the command does not have. Where it takes files or names, such a one would pass for one of
    /// them; a file that is called like an option stands behind <c>--</c> or as <c>./-name</c>.</summary>
    private static IReadOnlyList<string> Unknown(ParseResult parsed)
    {
        string[] taken = [.. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Select(token => token.Value)];
        return [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Select(token => token.Value).Where(taken.Contains).Concat(parsed.UnmatchedTokens)
            .Where(token => token.Length > 1 && token[0] == '-')];
    }

    /// <summary>Which option is given more often than it can be; null for other errors.</summary>
    private static string? GivenTwice(ParseError error) =>
        (error.SymbolResult as OptionResult ?? error.SymbolResult?.Parent as OptionResult) is
        { IdentifierTokenCount: > 1, Option: { Arity.MaximumNumberOfValues: 1 } option }
            ? $"{option.Name}: is given twice." : null;

    /// <summary>Which argument is missing, what it is, and a command line that has it; null for other errors.</summary>
    private static string? MissingArgument(ParseError error, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (error.SymbolResult is not ArgumentResult { Argument: Argument missing, Tokens.Count: 0 }
            || !command.Arguments.Contains(missing)) return null;
        IEnumerable<string> others = command.Arguments.SkipWhile(argument => argument != missing).Skip(1)
            .Where(argument => argument.Name.EndsWith("...", StringComparison.Ordinal))
            .Select(argument => $", and then {argument.Name} ({argument.Description})");
        string example = Examples.Of(command) is [string line, ..] ? $" For example: {line}" : "";
        return $"{command.Name}: {missing.Name} is missing: {missing.Description}{string.Concat(others)}.{example}";
    }

    /// <summary>A question about the nearest option or command; nothing where none is near.</summary>
    private static string DidYouMean(string? unknown, ParseResult parsed) =>
        unknown is not null && Nearest(unknown.Split('=')[0].Replace('_', '-'), parsed) is string nearest
            ? $" Did you mean '{nearest}'?"
            : "";

    /// <summary>The nearest name. Hyphens in front are no letters: a short option is near to few others, so that
    /// none of another meaning is proposed.</summary>
    private static string? Nearest(string unknown, ParseResult parsed)
    {
        if (NearestName.Of(unknown, Known(parsed)) is not string nearest) return null;
        if (!unknown.StartsWith('-')) return nearest;
        return IsMisspelt(unknown.TrimStart('-').ToLowerInvariant(), nearest.TrimStart('-')) ? nearest : null;
    }

    /// <summary>True where the words of two names differ in letters only, or a hyphen was left out or put in: an option
    /// with another word (<c>drop-rate</c> beside <c>drop-path</c>) has another meaning.</summary>
    private static bool IsMisspelt(string unknown, string name)
    {
        string[] words = unknown.Split('-'), known = name.Split('-');
        if (words.Length != known.Length)
            return NearestName.Distance(unknown.Replace("-", ""), name.Replace("-", "")) <= 1;
        return words.Zip(known).All(pair =>
            NearestName.Distance(pair.First, pair.Second) <= Math.Max(1, pair.First.Length / 3));
    }

    private static IEnumerable<string> Known(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return command.Options.SelectMany(option => option.Aliases.Prepend(option.Name))
            .Where(name => name.StartsWith("--", StringComparison.Ordinal) && !name.Contains('_'))
            .Concat(command.Subcommands.Select(subcommand => subcommand.Name));
    }

    private static bool Names(ParseError error, string token) =>
        error.Message.Contains($"'{token}'", StringComparison.Ordinal);

    private static string WithUnderscores(string name) =>
        name.StartsWith("--", StringComparison.Ordinal) ? "--" + name[2..].Replace('-', '_') : name;

    [GeneratedRegex("`([a-z][a-z-]*)`")]
    private static partial Regex FieldInText();
}
