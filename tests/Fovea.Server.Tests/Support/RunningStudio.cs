using System.Net;
using System.Text.Json;
using Fovea.Server.Settings;
using Fovea.Training.Runs;

namespace Fovea.Server.Tests.Support;

/// <summary>A studio on a free port of this machine, over a folder of its own.</summary>
internal sealed class RunningStudio : IAsyncDisposable
{
    private readonly StudioServer _server;

    private RunningStudio(StudioServer server, TemporaryFolder folder)
    {
        (_server, Folder) = (server, folder);
        Client = new HttpClient { BaseAddress = server.Addresses[0] };
    }

    public TemporaryFolder Folder { get; }

    public HttpClient Client { get; }

    public StudioServer Server => _server;

    public string Runs => Path.Combine(Folder.Path, "runs");

    public static async Task<RunningStudio> Start(ServerOptions? options = null, RunCommands? commands = null,
        string? folder = null)
    {
        TemporaryFolder own = new();
        string runs = folder ?? Directory.CreateDirectory(Path.Combine(own.Path, "runs")).FullName;
        StudioServer server = await StudioServer.StartAsync((options ?? new()) with { Port = 0 },
            new() { Folders = [runs], Commands = commands, LookEvery = TimeSpan.FromMilliseconds(20) }, _ => { },
            TestContext.Current.CancellationToken);
        return new(server, own);
    }

    /// <summary>A run directory with the files that a test gives it.</summary>
    public RunDirectory Make(string name, string? recipe = "model: vit-nano\ndataset: shapes\nepochs: 4\nseed: 0\n",
        string? metrics = null, string? results = null)
    {
        RunDirectory run = new(Directory.CreateDirectory(Path.Combine(Runs, name)).FullName);
        if (metrics is not null) File.WriteAllText(run.Metrics, metrics);
        if (results is not null) File.WriteAllText(run.Results, results);
        if (recipe is not null) File.WriteAllText(run.Config, recipe);
        return run;
    }

    public async Task<JsonElement> Get(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        HttpResponseMessage answer = await Client.GetAsync("/v1/studio/" + path,
            TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Names of the runs in the list with their states.</summary>
    public async Task<Dictionary<string, string>> States() => (await Get("runs")).GetProperty("runs").EnumerateArray()
        .ToDictionary(run => run.GetProperty("id").GetString()!, run => run.GetProperty("state").GetString()!);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        Folder.Dispose();
    }
}
