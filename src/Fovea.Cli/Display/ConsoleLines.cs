using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>Lines of a console that stay one line each.</summary>
internal static class ConsoleLines
{
    /// <summary>Writes a line; line breaks in the names that it holds are written out, so that no name forges a
    /// line.</summary>
    public static void Line(this IAnsiConsole console, string text) => console.WriteLine(Printable.Line(text));
}
