using System.CommandLine;
using Fovea.Cli.Display;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea data</c>: datasets, without a model.</summary>
internal static class DataCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop) =>
        new("data", "Look at datasets, and download them.")
    {
        DataInspectCommand.Create(terminal, stop),
        DataGetCommand.Create(terminal, stop),
    };
}
