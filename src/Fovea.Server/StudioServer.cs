using Fovea.Server.Endpoints;
using Fovea.Server.Hosting;
using Fovea.Server.Metering;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Fovea.Server.Studio;
using Fovea.Server.Studio.Control;
using Fovea.Server.Studio.Costs;
using Fovea.Server.Studio.Looking;
using Fovea.Server.Studio.Runs;
using Fovea.Tensors;
using Fovea.Training.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server;

/// <summary>Pages that show runs while they train, compare them, and look into their models.</summary>
public sealed class StudioServer : IAsyncDisposable
{
    private readonly HttpHost _host;
    private readonly ServerMetrics _metrics = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly RunFolders _folders;
    private readonly RunEndpoints _runs;
    private readonly ModelCache _models;
    private readonly LookEndpoints _looks;
    private readonly ModelPage _page;
    private readonly RunControl? _control;
    private readonly string _version;
    private int _stopped;

    private StudioServer(ServerOptions options, StudioOptions studio, Action<string> say)
    {
        _folders = new RunFolders(studio.Folders, studio.Commands is not null);
        _runs = new RunEndpoints(_folders, studio, _ending.Token);
        _models = new ModelCache(_folders, studio.Load ?? (path => TrainedModel.Load(path, Device.Cpu)));
        _looks = new LookEndpoints(_folders, _models, options,
            new BodyReader(options, new ByteBudget(Math.Max(options.MaxBodies, options.MaxBody))));
        _page = new ModelPage(_folders);
        _control = studio.Commands is RunCommands commands ? new RunControl(_folders, commands) : null;
        _version = options.Version;
        _host = new HttpHost(options, new RequestGate(options, _metrics, say, RunEndpoints.Events), Map);
    }

    /// <summary>Addresses that it listens on.</summary>
    public IReadOnlyList<Uri> Addresses => _host.Addresses;

    /// <summary>Methods and paths that it answers.</summary>
    internal IEnumerable<string> Routes => _host.Routes;

    /// <summary>Listens.</summary>
    /// <param name="options">Address and limits.</param>
    /// <param name="studio">Folders, and whether pages may control runs.</param>
    /// <param name="say">Hears what has to be said to whoever runs the server; from any thread.</param>
    /// <param name="stop">Ends the start.</param>
    /// <exception cref="UsageException">The address cannot be had.</exception>
    public static async Task<StudioServer> StartAsync(ServerOptions options, StudioOptions studio,
        Action<string> say, CancellationToken stop = default)
    {
        StudioServer server = new(options, studio, say);
        try
        {
            await server._host.Listen(stop).ConfigureAwait(false);
            _ = Task.Run(server._folders.List, CancellationToken.None);   // the first page finds the runs read
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends streams, finishes other requests that run, and ends.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 1) return;
        await _ending.CancelAsync().ConfigureAwait(false);
        await _host.StopAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _host.DisposeAsync().ConfigureAwait(false);
        _models.Dispose();
        _metrics.Dispose();
        _ending.Dispose();
    }

    private void Map(WebApplication app)
    {
        foreach (string name in Assets.Names) app.MapGet("/" + name, Assets.Of(name));
        app.MapGet("/", Assets.Of("studio.html"));
        app.MapGet("/healthz", (RequestDelegate)(context => Answers.Text(context, 200, "ok\n")));
        app.MapGet("/v1/studio/runs", (RequestDelegate)_runs.List);
        app.MapGet("/v1/studio/run", (RequestDelegate)_runs.Run);
        app.MapGet("/v1/studio/series", (RequestDelegate)_runs.Series);
        app.MapGet("/v1/studio/study", (RequestDelegate)_runs.Study);
        app.MapPost("/v1/studio/look", (RequestDelegate)_looks.Look);
        app.MapGet("/v1/studio/attention", (RequestDelegate)_looks.Watched);
        app.MapPost("/v1/studio/attention", (RequestDelegate)_looks.Watch);
        app.MapGet("/v1/studio/figures", (RequestDelegate)_looks.Figures);
        app.MapGet("/v1/studio/model", (RequestDelegate)_page.Model);
        app.MapGet("/v1/studio/costs", (RequestDelegate)_page.Costs);
        app.MapGet(RunEndpoints.Events, (RequestDelegate)_runs.Stream);
        app.MapGet("/v1/studio/about", (RequestDelegate)(context => Answers.Json(context, 200,
            new { Version = _version, Control = _control is not null })));
        if (_control is null) return;
        app.MapPost("/v1/studio/start", (RequestDelegate)_control.Start);
        app.MapPost("/v1/studio/stop", (RequestDelegate)_control.End);
        app.MapPost("/v1/studio/resume", (RequestDelegate)_control.Resume);
    }
}
