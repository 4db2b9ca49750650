using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Fovea.Server.Models;
using Fovea.Server.Settings;
using Fovea.Tensors;
using Fovea.Training.Models;

namespace Fovea.Server.Tests.Support;

/// <summary>A server on a free port of this machine, with a client.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private RunningServer(ModelServer server, ConcurrentQueue<string> said)
    {
        (Server, Said) = (server, said);
        Client = new HttpClient { BaseAddress = server.Addresses[0] };
    }

    public ModelServer Server { get; }

    public ConcurrentQueue<string> Said { get; }

    public HttpClient Client { get; }

    public static async Task<RunningServer> Start(ServerOptions? options, params string[] models)
    {
        ConcurrentQueue<string> said = [];
        NamedModel[] named = [.. models.Select(text =>
        {
            (string name, string path) = NamedModel.Read(text);
            return new NamedModel(name, path, from => TrainedModel.Load(from, Device.Cpu));
        })];
        ModelServer server = await ModelServer.StartAsync((options ?? new()) with { Port = 0 }, named, said.Enqueue,
            TestContext.Current.CancellationToken);
        return new(server, said);
    }

    public Task<HttpResponseMessage> Post(string path, byte[] body, string? type = "image/x-portable-pixmap") =>
        PostUntil(path, body, type, TestContext.Current.CancellationToken);

    /// <summary>The client goes when it is told to.</summary>
    public Task<HttpResponseMessage> PostUntil(string path, byte[] body, string? type, CancellationToken stop)
    {
        ByteArrayContent content = new(body);
        if (type is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return Client.PostAsync(path, content, stop);
    }

    public Task<HttpResponseMessage> PostJson(string path, string json) =>
        Post(path, Encoding.UTF8.GetBytes(json), "application/json");

    /// <summary>Probability by class of each image of an answer.</summary>
    public static async Task<Dictionary<string, double>[]> Classes(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        using JsonDocument document = JsonDocument.Parse(text);
        return [.. document.RootElement.GetProperty("results").EnumerateArray().Select(result =>
            result.GetProperty("classes").EnumerateArray().ToDictionary(one => one.GetProperty("name").GetString()!,
                one => one.GetProperty("probability").GetDouble()))];
    }

    public static async Task<string> ErrorOf(HttpResponseMessage answer, HttpStatusCode status)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("error").GetString()!;
    }

    /// <summary>Sends bytes as they are, and reads the answer to its end.</summary>
    public async Task<string> Raw(string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Client.BaseAddress!.Port);
        using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using StreamReader reader = new(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync();
    }

    /// <summary>Value of a line of the measurements; 0 where there is none.</summary>
    public async Task<double> Metric(string line)
    {
        string text = await Client.GetStringAsync("/metrics");
        string? found = text.Split('\n').FirstOrDefault(one => one.StartsWith(line + " ", StringComparison.Ordinal));
        return found is null ? 0
            : double.Parse(found[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until something is so.</summary>
    public static async Task Until(Func<Task<bool>> isSo)
    {
        for (int i = 0; i < 3000; i++)
        {
            if (await isSo()) return;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Fail("It did not become so within a minute.");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }
}
