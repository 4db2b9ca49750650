using System.CommandLine;
using System.Runtime.CompilerServices;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Tensors;
using Fovea.Training.Recipes;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea serve RUN...</c>: trained models over HTTP.</summary>
/// <remarks>Fovea.Server and ASP.NET Core are loaded when <see cref="ServeRun"/> is, and by nothing else.</remarks>
internal sealed class ServeCommand
{
    private readonly Argument<string[]> _models = new("RUN...")
    {
        Description = "Run directories (their best checkpoints), checkpoints or files of weights; NAME=RUN gives one a "
            + "name",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _listen = Make.TextOr("--listen", "ADDRESS", "127.0.0.1",
        "Address to listen on; 0.0.0.0: all of this machine, so that others can reach it");
    private readonly Option<int> _port = Make.Of("--port", ValueForm.Whole(0, 65535), 8000,
        "Port to listen on; 0: one that is free", "-p");
    private readonly Option<string[]> _hosts = new("--host")
    {
        HelpName = "NAME",
        Description = "Name by which clients call this server, besides localhost and addresses; may be repeated",
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string?> _token = Make.Text("--token", "SECRET",
        "Secret that clients have to send; FOVEA_TOKEN, which other users of this machine cannot see, unless given");
    private readonly Option<int> _maxBatch = Make.Of("--max-batch", SizeForms.Batch, 32,
        "Most images in a forward pass");
    private readonly Option<double> _maxWait = Make.Of("--max-wait", ValueForm.Real(new Interval(0, 10_000)), 5,
        "Milliseconds that an image waits for others at most");
    private readonly Option<int> _queue = Make.Of("--queue", SizeForms.Batch, 256,
        "Images that a model has in hand at most; more are refused at once");
    private readonly Option<double> _timeLimit = Make.Of("--time-limit", ValueForm.Real(new Interval(0.01, 3600)),
        30, "Seconds for a request");
    private readonly Option<int> _maxBody = Make.Of("--max-body", ValueForm.Whole(1, 1024), 32,
        "MiB that the body of a request may have");
    private readonly Option<int?> _maxPixels = Make.MaxPixels("50 million unless given");
    private readonly Option<int> _maxConnections = Make.Of("--max-connections", ValueForm.Whole(1, 1_000_000), 1_000,
        "Connections at a time");
    private readonly Option<string?> _model = Make.Text("--model", "NAME",
        "Preset that files of weights are of; a run knows its own");
    private readonly Option<string> _device = Make.Device();
    private readonly Option<Precision> _precision = Make.Precision();
    private readonly Option<int?> _threads = Make.Maybe("--threads", SizeForms.Threads,
        "Threads that compute; all cores unless given");
    private readonly Option<Pinning?> _pin = Make.Pin();
    private readonly RecipeOption[] _view = [.. RecipeFields.All
        .Where(field => field.Name is "crop-pct" or "interpolation" or "mean" or "std")
        .Select(field => new RecipeOption(field, "as in the training"))];

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        ServeCommand serve = new();
        Command command = new("serve",
            "Serve trained models over HTTP: classes, features and explanations of images. Requests that come together "
                + "are computed together; a run's new best checkpoint takes the old one's place.") { serve._models };
        foreach (Option option in new Option[] { serve._listen, serve._port, serve._hosts, serve._token,
            serve._maxBatch, serve._maxWait, serve._queue, serve._timeLimit, serve._maxBody, serve._maxPixels,
            serve._maxConnections, serve._model, serve._device, serve._precision, serve._threads, serve._pin }
            .Concat(serve._view))
            command.Add(option);
        command.SetAction(parsed => serve.Run(parsed, terminal, stop));
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Run(ParseResult parsed, Terminal terminal, CancellationToken stop)
    {
        Device device = Device.Open(parsed.GetRequiredValue(_device), parsed.GetValue(_threads),
            parsed.GetValue(_precision), parsed.GetValue(_pin));
        if (device.Backend.Placement is string placement) terminal.Error.WriteLine($"fovea: {placement}");
        ServeSettings settings = new()
        {
            Models = parsed.GetRequiredValue(_models),
            Load = path => AnyModel.Told(AnyModel.Load(path, device, parsed.GetValue(_model),
                training => RecipeOption.Apply(training, _view, parsed)), terminal.Error),
            Listen = parsed.GetRequiredValue(_listen),
            Port = parsed.GetValue(_port),
            Hosts = parsed.GetValue(_hosts) ?? [],
            Token = parsed.GetValue(_token) ?? Environment.GetEnvironmentVariable("FOVEA_TOKEN"),
            MaxBatch = parsed.GetValue(_maxBatch),
            MaxWait = parsed.GetValue(_maxWait),
            Queue = parsed.GetValue(_queue),
            TimeLimit = parsed.GetValue(_timeLimit),
            MaxBody = parsed.GetValue(_maxBody),
            MaxPixels = parsed.GetValue(_maxPixels),
            MaxConnections = parsed.GetValue(_maxConnections),
        };
        return ServeRun.Run(settings, terminal, stop);
    }
}
