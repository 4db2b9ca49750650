using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>Bars of progress that show how full they are without colour too.</summary>
internal static class Bars
{
    private const int Widest = 32, Narrowest = 6;

    /// <summary>Markup of a line with a bar that takes what room the texts leave.</summary>
    /// <param name="before">Markup in front of it.</param>
    /// <param name="share">Share that is done, 0 to 1.</param>
    /// <param name="after">Markup behind it.</param>
    /// <param name="width">Columns of the line.</param>
    public static string Line(string before, double share, string after, int width)
    {
        int room = width - Columns(before) - Columns(after);
        int bar = Math.Clamp(room, Narrowest, Widest);
        return before + Of((int)Math.Round(share * bar), bar) + after;
    }

    /// <summary>Spaces alone would be dropped with the marks.</summary>
    private static int Columns(string markup) => Markup.Remove("|" + markup).Length - 1;

    /// <summary>Markup of a bar.</summary>
    /// <param name="full">Characters that are done; kept within the bar.</param>
    /// <param name="width">All characters.</param>
    public static string Of(int full, int width)
    {
        int done = Math.Clamp(full, 0, width);
        return $"[teal]{new string('━', done)}[/][grey]{new string('·', width - done)}[/]";
    }
}
