namespace Fovea.Server.Settings;

/// <summary>Command lines by which pages start and resume runs: the program, then its arguments. No shell reads them.
/// </summary>
/// <param name="Start">Trains the recipe of a file (first) into a directory (second).</param>
/// <param name="Resume">Goes on with the run of a directory.</param>
public sealed record RunCommands(
    Func<string, string, IReadOnlyList<string>> Start, Func<string, IReadOnlyList<string>> Resume);
