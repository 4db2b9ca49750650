using Fovea.Core.Formats;
using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>Lines, wrapped between words, and documents of several.</summary>
internal static class ConsoleLines
{
    /// <summary>Writes a line; line breaks in the names that it holds are written out, so that no name forges a
    /// line.</summary>
    /// <param name="console">Where to write.</param>
    /// <param name="text">The text.</param>
    /// <param name="hang">Columns in front of what does not fit into the first line.</param>
    public static void Line(this IAnsiConsole console, string text, int hang = 0)
    {
        console.Write(new Prose(Printable.Line(text)) { Hang = hang });
        console.WriteLine();
    }

    /// <summary>Writes a subject and what there is to say about it; what does not fit stands below it.</summary>
    public static void Line(this IAnsiConsole console, string subject, string text) =>
        console.Line($"{subject,-9} {text}", hang: Math.Max(subject.Length, 9) + 1);

    /// <summary>Writes a JSON document, in which names have no line breaks.</summary>
    public static void Document<T>(this TextWriter output, T value) =>
        output.Write(JsonText.Document(value) + output.NewLine);
}
