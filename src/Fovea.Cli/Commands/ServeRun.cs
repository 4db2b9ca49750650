using System.Net;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Cli.Signals;
using Fovea.Data.Codecs.Decoding;
using Fovea.Server;
using Fovea.Server.Models;
using Fovea.Server.Settings;
using Fovea.Training.Runs;

namespace Fovea.Cli.Commands;

/// <summary>A server from its start to its stop.</summary>
internal static class ServeRun
{
    /// <summary>Serves until a signal asks for the end, and then finishes what runs.</summary>
    public static int Run(ServeSettings settings, Terminal terminal, CancellationToken stop)
    {
        ServerOptions options = OptionsOf(settings);
        NamedModel[] models = [.. settings.Models.Select(text =>
        {
            (string name, string path) = NamedModel.Read(text);
            PublishedFiles.Ensure(path, terminal, stop);
            return new NamedModel(name, path, settings.Load);
        })];
        using WorkInHand work = new WorkInHand().Begin();
        Serve(options, models, terminal, stop).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    /// <summary>Says where a server listens and waits for the signal to end it.</summary>
    /// <param name="options">How it listens.</param>
    /// <param name="addresses">Where.</param>
    /// <param name="what">What is there.</param>
    /// <param name="danger">What others may do where no secret is asked for.</param>
    /// <param name="terminal">The writers.</param>
    /// <param name="stop">The signal.</param>
    internal static async Task UntilStopped(ServerOptions options, IEnumerable<Uri> addresses, string what,
        string danger, Terminal terminal, CancellationToken stop)
    {
        if (!IPAddress.IsLoopback(options.Address))
            Say(terminal, $"listens on {options.Address}: other machines can reach it"
                + (options.Token is null ? $", and whoever does may {danger} (`token` asks for a secret)." : "."));
        foreach (Uri address in addresses) terminal.Output.WriteLine($"{what}: {address}");
        terminal.Output.Flush();
        TaskCompletionSource ended = new();
        await using (stop.UnsafeRegister(_ => ended.TrySetResult(), null)) await ended.Task;
    }

    /// <summary>Writes a sentence of a server, whose threads may have several at a time.</summary>
    internal static void Say(Terminal terminal, string sentence)
    {
        lock (terminal) terminal.Error.WriteLine($"fovea: {OptionNames.Of(sentence)}");
    }

    private static async Task Serve(ServerOptions options, NamedModel[] models, Terminal terminal,
        CancellationToken stop)
    {
        await using ModelServer server = await ModelServer.StartAsync(
            options, models, sentence => Say(terminal, sentence), stop);
        await UntilStopped(options, server.Addresses, string.Join(", ", models.Select(model => model.Name)), "use it",
            terminal, stop);
        Say(terminal, "finishes the requests that run, and ends.");
        await server.StopAsync();
    }

    private static ServerOptions OptionsOf(ServeSettings settings)
    {
        ServerOptions standard = new();
        if (settings.Token is { Length: 0 })
            throw new UsageException("is empty; leave it out to have none.") { Field = "token" };
        return standard with
        {
            Address = AddressOf(settings.Listen),
            Port = settings.Port,
            Hosts = settings.Hosts,
            Token = settings.Token,
            MaxBatch = settings.MaxBatch,
            MaxWait = TimeSpan.FromMilliseconds(settings.MaxWait),
            Queue = settings.Queue,
            TimeLimit = TimeSpan.FromSeconds(settings.TimeLimit),
            MaxBody = (long)settings.MaxBody << 20,
            Image = settings.MaxPixels is int pixels ? DecodeLimits.Of(pixels) : standard.Image,
            MaxConnections = settings.MaxConnections,
            Version = Machine.Version,
        };
    }

    internal static IPAddress AddressOf(string text) => text switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ when IPAddress.TryParse(text.Trim('[', ']'), out IPAddress? address) => address,
        _ => throw new UsageException(
            $"'{text}' is no address; write 127.0.0.1, ::1, 0.0.0.0 or another one of this machine.")
        { Field = "listen" },
    };
}
