using System.Net;
using System.Net.Sockets;
using Fovea.Server.Endpoints;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Fovea.Server.Hosting;

/// <summary>A server of HTTP whose requests all pass a gate.</summary>
internal sealed class HttpHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ServerOptions _options;

    /// <param name="options">Address and limits.</param>
    /// <param name="gate">Lets requests through, or answers them.</param>
    /// <param name="map">Adds the paths that are answered.</param>
    public HttpHost(ServerOptions options, RequestGate gate, Action<WebApplication> map)
    {
        _options = options;
        _app = Build(options);
        _app.Use(next => context => gate.Pass(context, next));
        _app.UseRouting();
        map(_app);
    }

    /// <summary>Addresses that it listens on.</summary>
    public IReadOnlyList<Uri> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address))];

    /// <summary>Methods and paths that it answers.</summary>
    public IEnumerable<string> Routes => ((IEndpointRouteBuilder)_app).DataSources
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().SelectMany(route => route.Metadata
            .OfType<IHttpMethodMetadata>().Single().HttpMethods.Select(method =>
                $"{method} {route.RoutePattern.RawText}"));

    /// <summary>Begins to listen.</summary>
    /// <exception cref="UsageException">The address cannot be had.</exception>
    public async Task Listen(CancellationToken stop)
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

    /// <summary>Takes no more requests, and waits for those that run as long as they may.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource limit = new(_options.TimeLimit + TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Nothing is read from the environment or from files: this is no program of its own.</summary>
    private static WebApplication Build(ServerOptions options)
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
        return builder.Build();
    }

    /// <summary>Signals are for whoever runs the server.</summary>
    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
