using System.Net;
using Fovea.Cli.Display;
using Fovea.Cli.Signals;
using Fovea.Server;
using Fovea.Server.Settings;
using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Runs;

namespace Fovea.Cli.Commands;

/// <summary>A studio from its start to its stop.</summary>
internal static class StudioRun
{
    /// <summary>Shows runs until a signal asks for the end.</summary>
    public static int Run(StudioSettings settings, Terminal terminal, CancellationToken stop)
    {
        if (settings.Token is { Length: 0 })
            throw new UsageException("is empty; leave it out to have none.") { Field = "token" };
        ServerOptions options = new()
        {
            Address = ServeRun.AddressOf(settings.Listen),
            Port = settings.Port,
            Hosts = settings.Hosts,
            Token = settings.Token,
            TimeLimit = TimeSpan.FromMinutes(2),   // a large model on a small machine
            Version = Machine.Version,
        };
        if (settings.AllowControl && !IPAddress.IsLoopback(options.Address) && settings.Token is null)
            throw new UsageException("whoever reaches this machine could start programs on it; ask for a secret "
                + "(`token`), or listen on this machine alone.")
            { Field = "allow-control" };
        (string program, string[] before) = CellProcess.Program();
        Lazy<Device> device = new(() => Device.Open(settings.Device, settings.Threads));
        StudioOptions studio = new()
        {
            Folders = settings.Folders,
            Load = path => TrainedModel.Load(path, device.Value),
            Commands = settings.AllowControl ? new(
                (recipe, directory) => [program, .. before, "train", "--recipe", recipe, "--out", directory],
                directory => [program, .. before, "train", "--resume", directory]) : null,
        };
        using WorkInHand work = new WorkInHand().Begin();
        Show(options, studio, terminal, stop).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    private static async Task Show(ServerOptions options, StudioOptions studio, Terminal terminal,
        CancellationToken stop)
    {
        await using StudioServer server = await StudioServer.StartAsync(
            options, studio, sentence => ServeRun.Say(terminal, sentence), stop);
        await ServeRun.UntilStopped(options, server.Addresses, string.Join(", ", studio.Folders), "look at the runs",
            terminal, stop);
        await server.StopAsync();
    }
}
