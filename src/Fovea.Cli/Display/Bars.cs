namespace Fovea.Cli.Display;

/// <summary>Bars of progress that show how full they are without colour too.</summary>
internal static class Bars
{
    /// <summary>Markup of a bar.</summary>
    /// <param name="full">Characters that are done; kept within the bar.</param>
    /// <param name="width">All characters.</param>
    public static string Of(int full, int width)
    {
        int done = Math.Clamp(full, 0, width);
        return $"[teal]{new string('━', done)}[/][grey]{new string('·', width - done)}[/]";
    }
}
