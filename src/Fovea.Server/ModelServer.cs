using Fovea.Server.Endpoints;
using Fovea.Server.Hosting;
using Fovea.Server.Metering;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server;

/// <summary>Serves trained models over HTTP: classes, features and explanations of images.</summary>
public sealed class ModelServer : IAsyncDisposable
{
    private readonly HttpHost _host;
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
        _host = new HttpHost(options, new RequestGate(options, _metrics, say), app => Map(app, _endpoints));
    }

    /// <summary>Addresses that it listens on, such as <c>http://127.0.0.1:8000</c>.</summary>
    public IReadOnlyList<Uri> Addresses => _host.Addresses;

    /// <summary>Methods and paths that it answers.</summary>
    internal IEnumerable<string> Routes => _host.Routes;

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
            await server._host.Listen(stop).ConfigureAwait(false);
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
        await _host.StopAsync().ConfigureAwait(false);
        await _shelf.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
        _endpoints.Dispose();
        _text.Dispose();
        _metrics.Dispose();
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
}
