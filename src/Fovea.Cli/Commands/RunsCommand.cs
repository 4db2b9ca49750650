using System.CommandLine;
using Fovea.Cli.Display;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea runs list|show|diff</c>: what run directories hold.</summary>
internal static class RunsCommand
{
    public static Command Create(Terminal terminal) => new("runs", "Look through run directories.")
    {
        RunsListCommand.Create(terminal),
        RunsShowCommand.Create(terminal),
        RunsDiffCommand.Create(terminal),
    };
}
