using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Fovea.Server.Metering;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fovea.Server.Endpoints;

/// <summary>Every request passes here: who may ask, for how long, and what is said when it fails.</summary>
/// <param name="options">Limits, names and token.</param>
/// <param name="metrics">Hears of every request.</param>
/// <param name="say">Hears of defects.</param>
/// <param name="streams">Path whose answers go on as long as the client listens; null: none.</param>
internal sealed class RequestGate(
    ServerOptions options, ServerMetrics metrics, Action<string> say, string? streams = null)
{
    private const int ClientIsGone = 499;   // nginx's number, for measurements alone

    private readonly byte[]? _token = options.Token is string token ? Digest(token) : null;

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task Pass(HttpContext context, RequestDelegate next)
    {
        long start = Stopwatch.GetTimestamp();
        CancellationToken gone = context.RequestAborted;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(gone);
        if (streams is null || !IsAt(context.Request, streams)) limit.CancelAfter(options.TimeLimit);
        context.RequestAborted = limit.Token;
        Head(context.Response.Headers);
        int status = ClientIsGone;
        try
        {
            Require(context);
            await next(context).ConfigureAwait(false);
            if (!context.Response.HasStarted) await Complete(context).ConfigureAwait(false);
            status = context.Response.StatusCode;
        }
        catch (Exception error)   // the last stop: the client hears a sentence, and the server goes on
        {
            if (!gone.IsCancellationRequested) status = await Explain(context, error, gone).ConfigureAwait(false);
        }
        finally
        {
            metrics.Request((context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "other", status,
                Stopwatch.GetElapsedTime(start));
        }
    }

    private async Task<int> Explain(HttpContext context, Exception error, CancellationToken gone)
    {
        (int status, string reason) = error switch
        {
            RequestException known => (known.Status, known.Message),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            OperationCanceledException => (503, $"the request took more than {options.TimeLimit.TotalSeconds:0.###} "
                + "seconds, the limit of this server (`time-limit`)."),
            FoveaException known => (400, known.Message),
            _ => (500, "the server failed; its own output says more."),
        };
        if (status == 500)
            say($"{context.Request.Method} {context.Request.Path}: {error.GetType().Name}: {error.Message} (this is a "
                + "defect)");
        if (context.Response.HasStarted)
        {
            context.Abort();   // half an answer must not look like a whole one
            return status;
        }

        context.RequestAborted = gone;
        context.Response.Clear();
        Head(context.Response.Headers);
        if (status == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        try
        {
            await Answers.Error(context, status, reason).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            return ClientIsGone;
        }

        return status;
    }

    /// <summary>Adds the sentence to what the routing answers by itself, which has a status alone.</summary>
    private static Task Complete(HttpContext context)
    {
        if (context.GetEndpoint() is null)
            return Answers.Error(context, 404, "there is nothing at this path; / tells what there is.");
        int status = context.Response.StatusCode;
        if (status < 400 || context.Response.ContentLength is not null) return Task.CompletedTask;
        return Answers.Error(context, status, status == 405
            ? $"this path takes {context.Response.Headers.Allow.ToString().Replace(", ", " and ")}."
            : "the request is not one that this path takes; / tells what there is.");
    }

    /// <summary>True for a path and what routing takes for it: letters of either case, a slash at the end; and for
    /// all that lies below.</summary>
    private static bool IsAt(HttpRequest request, string path) => request.Path.StartsWithSegments(path);

    private static void Head(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }

    private void Require(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!IsOwn(request.Host))
            throw new RequestException(421, "this server is not called by that name (`host`).");
        string origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? from)
            || !string.Equals(from.Authority, Authority(request), StringComparison.OrdinalIgnoreCase)))
            throw new RequestException(403, "pages of other servers may not ask this one.");
        if (request.Headers["Sec-Fetch-Site"] == "cross-site" && request.Path != "/")
            throw new RequestException(403, "pages of other servers may not ask this one.");
        if (_token is not null && (IsAt(request, "/v1") || IsAt(request, "/metrics"))
            && !HasToken(request))
            throw new RequestException(401, "send the server's token: Authorization: Bearer TOKEN.");
    }

    /// <summary>Host and port as <see cref="Uri.Authority"/> has them: without the usual port.</summary>
    private static string Authority(HttpRequest request) =>
        Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out Uri? own) ? own.Authority : "";

    /// <summary>A page that a foreign name brought to this address (DNS rebinding) sends that name.</summary>
    private bool IsOwn(HostString host)
    {
        string name = host.Host.Trim('[', ']');
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return true;
        if (options.Hosts.Contains(name, StringComparer.OrdinalIgnoreCase)) return true;
        // An address is no name: who asks for it cannot have been led here by a name server.
        return IPAddress.TryParse(name, out IPAddress? address)
            && (IPAddress.IsLoopback(address) || !IPAddress.IsLoopback(options.Address));
    }

    private bool HasToken(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        string sent = request.Headers.Authorization.ToString();
        return sent.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Digest(sent[Scheme.Length..].Trim()), _token);
    }

    private static byte[] Digest(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
