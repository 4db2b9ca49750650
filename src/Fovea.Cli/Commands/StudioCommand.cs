using System.CommandLine;
using System.Runtime.CompilerServices;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Runs;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea studio [DIR...]</c>: runs in the browser.</summary>
/// <remarks>Fovea.Server and ASP.NET Core are loaded when <see cref="StudioRun"/> is, and by nothing else.</remarks>
internal sealed class StudioCommand
{
    private readonly Argument<string[]> _folders = new("DIR")
    {
        Description = $"Folders of runs and studies, four levels deep; {RunDirectory.DefaultParent}/ and "
            + $"{CompareCommand.DefaultParent}/ unless given",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string> _listen = Make.TextOr("--listen", "ADDRESS", "127.0.0.1",
        "Address to listen on; 0.0.0.0: all of this machine, so that others can reach it");
    private readonly Option<int> _port = Make.Of("--port", ValueForm.Whole(0, 65535), 8010,
        "Port to listen on; 0: one that is free", "-p");
    private readonly Option<string[]> _hosts = new("--host")
    {
        HelpName = "NAME",
        Description = "Name by which browsers call this server, besides localhost and addresses; may be repeated",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string?> _token = Make.Text("--token", "SECRET",
        "Secret that pages ask for; FOVEA_TOKEN, which other users of this machine cannot see, unless given");
    private readonly Option<bool> _control = Make.Switch("--allow-control",
        "Pages may start, stop and resume runs");
    private readonly Option<string> _device = Make.Device();
    private readonly Option<int?> _threads = Make.Maybe("--threads", SizeForms.Threads,
        "Threads that compute; all cores unless given");

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        StudioCommand studio = new();
        Command command = new("studio",
            "Show runs in the browser: live curves, comparisons, what their models look at, and what those cost.")
        {
            studio._folders, studio._listen, studio._port, studio._hosts, studio._token, studio._control,
            studio._device, studio._threads,
        };
        command.SetAction(parsed => studio.Run(parsed, terminal, stop));
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        string[] given = parsed.GetValue(_folders) ?? [];
        if (given.FirstOrDefault(folder => !Directory.Exists(folder)) is string missing)
            throw new UsageException($"there is no folder '{missing}' to show runs of.");
        StudioSettings settings = new()
        {
            Folders = given is { Length: > 0 } ? given : [RunDirectory.DefaultParent, CompareCommand.DefaultParent],
            Listen = parsed.GetRequiredValue(_listen),
            Port = parsed.GetValue(_port),
            Hosts = parsed.GetValue(_hosts) ?? [],
            Token = parsed.GetValue(_token) ?? Environment.GetEnvironmentVariable("FOVEA_TOKEN"),
            AllowControl = parsed.GetValue(_control),
            Device = parsed.GetRequiredValue(_device),
            Threads = parsed.GetValue(_threads),
        };
        return StudioRun.Run(settings, terminal, stop);
    }
}
