namespace Fovea.Cli.Display;

/// <summary>A command line as it can be typed again.</summary>
internal static class TypedCommand
{
    private const string Plain = "-_./:=,+@%~";

    /// <summary>The words of a command, quoted for a shell where they need it.</summary>
    public static string Of(IEnumerable<string> arguments) =>
        string.Join(' ', arguments.Select(Quoted).Prepend("fovea"));

    /// <summary>A word in single quotes where a shell would read it as something else.</summary>
    internal static string Quoted(string word) =>
        word.Length > 0 && word[0] != '~' && word.All(c => char.IsLetterOrDigit(c)
            || Plain.Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''")}'";
}
