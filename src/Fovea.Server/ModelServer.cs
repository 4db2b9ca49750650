using System.Net;
using System.Net.Sockets;
using Fovea.Server.Endpoints;
using Fovea.Server.Metering;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fovea.Server;

/// <summary>Serves trained models over HTTP: classes, features and explanations of images.</summary>
public sealed class ModelServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ModelShelf _shelf;
    private readonly ServerOptions _options;
    private readonly ModelEndpoints _endpoints;
    private readonly ServerMetrics _metrics;
    private readonly PrometheusText _text;
    private int _stopped;

    private ModelServer(ServerOptions options, IReadOnlyList<NamedModel> models, Action<string> say)
    {
        _options = options;
        _metrics = new ServerMetrics();
        _text = new PrometheusText(_metrics.Meter);
        _shelf = new ModelShelf(models, options, _metrics, say);
        _endpoints = new ModelEndpoints(_shelf, options, new BodyReader(options, Bodies(options)), _metrics);
        _app = Build(options, say);
    }

    /// <summary>Addresses that it listens on, such as <c>http://127.0.0.1:8000</c>.</summary>
    public IReadOnlyList<Uri> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address))];

    /// <summary>Methods and paths that it answers.</summary>
    internal IEnumerable<string> Routes => ((IEndpointRouteBuilder)_app).DataSources
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().SelectMany(route => route.Metadata
            .OfType<IHttpMethodMetadata>().Single().HttpMethods.Select(method =>
                $"{method} {route.RoutePattern.RawText}"));

    /// <summary>Listens, then loads the models; until they are there, it says that it is not ready.</summary>
    /// <param name="options">Address and limits.</param>
    /// <param name="models">The models, each with a name.</param>
    /// <param name="say">Hears what has to be said to whoever runs the server, a sentence each; from any
    /// thread.</param>
    /// <param name="stop">Ends the loading.</param>
    /// <exception cref="UsageException">The address cannot be had, two models have one name, or one is not
    /// there.</exception>
    /// <exception cref="CheckpointException">A model is damaged or does not fit.</exception>
    public static async Task<ModelServer> StartAsync(ServerOptions options, IReadOnlyList<NamedModel> models,
        Action<string> say, CancellationToken stop = default)
    {
        ModelServer server = new(options, models, say);
        try
        {
            await server.Listen(stop).ConfigureAwait(false);
            await server._shelf.Load(stop).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes no more requests, finishes those that run, within their time limit, and ends.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1) return;
        _shelf.Retire();
        using CancellationTokenSource limit = new(_options.TimeLimit + TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token).ConfigureAwait(false);
        await _shelf.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _endpoints.Dispose();
        _text.Dispose();
        _metrics.Dispose();
    }

    /// <summary>Nothing is read from the environment or from files: this is no program of its own.</summary>
    private WebApplication Build(ServerOptions options, Action<string> say)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.TimeLimit);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;   // the reader of bodies has a limit, and says so
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
            kestrel.Listen(options.Address, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication app = builder.Build();
        RequestGate gate = new(options, _metrics, say);
        app.Use(next => context => gate.Pass(context, next));
        app.UseRouting();
        Map(app, _endpoints);
        return app;
    }

    private ByteBudget Bodies(ServerOptions options)
    {
        ByteBudget budget = new(Math.Max(options.MaxBodies, options.MaxBody));
        _metrics.Observe("fovea.bodies.bytes", "Bytes of requests in memory", () => budget.Used);
        _metrics.Observe("fovea.memory.bytes", "Memory of the process", () => Environment.WorkingSet);
        return budget;
    }

    private void Map(WebApplication app, ModelEndpoints models)
    {
        app.MapPost("/v1/classify", (RequestDelegate)models.Classify);
        app.MapPost("/v1/features", (RequestDelegate)models.Features);
        app.MapPost("/v1/explain", (RequestDelegate)models.Explain);
        app.MapGet("/v1/models", (RequestDelegate)models.Models);
        app.MapGet("/healthz", (RequestDelegate)(context => Answers.Text(context, 200, "ok\n")));
        app.MapGet("/readyz", (RequestDelegate)(context => _shelf.IsReady ? Answers.Text(context, 200, "ready\n")
            : Answers.Error(context, 503, "the models are not loaded yet, or the server ends.")));
        app.MapGet("/metrics", (RequestDelegate)(context =>
            Answers.Text(context, 200, _text.Write(), PrometheusText.ContentType)));
        app.MapGet("/", Pages.Of("index.html", "text/html; charset=utf-8"));
        app.MapGet("/page.js", Pages.Of("page.js", "text/javascript; charset=utf-8"));
        app.MapGet("/page.css", Pages.Of("page.css", "text/css; charset=utf-8"));
        string document = Pages.Read("openapi.json").Replace("\"0.0.0\"", $"\"{_options.Version}\"");
        app.MapGet("/openapi.json", (RequestDelegate)(context =>
            Answers.Text(context, 200, document, "application/json; charset=utf-8")));
    }

    private async Task Listen(CancellationToken stop)
    {
        try
        {
            await _app.StartAsync(stop).ConfigureAwait(false);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw new UsageException($"port {_options.Port} of {_options.Address} is in use, by another server "
                + "perhaps; choose another one, or 0 for one that is free.", error)
            { Field = "port" };
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new UsageException(
                $"{new IPEndPoint(_options.Address, _options.Port)} cannot be listened on: {error.Message}", error)
            { Field = "listen" };
        }
    }

    /// <summary>Signals are for whoever runs the server.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
