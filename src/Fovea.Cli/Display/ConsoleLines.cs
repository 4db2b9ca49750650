using Fovea.Core.Formats;
using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>Lines that stay one line each, and documents of several.</summary>
internal static class ConsoleLines
{
    /// <summary>Writes a line; line breaks in the names that it holds are written out, so that no name forges a
    /// line.</summary>
    public static void Line(this IAnsiConsole console, string text) => console.WriteLine(Printable.Line(text));

    /// <summary>Writes a JSON document, in which names have no line breaks.</summary>
    public static void Document<T>(this TextWriter output, T value) =>
        output.Write(JsonText.Document(value) + output.NewLine);
}
