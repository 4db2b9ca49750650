using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Server.Settings;
using Fovea.Training.Runs;

namespace Fovea.Server.Tests.Studio.Control;

/// <summary>Starting, stopping and resuming runs from pages.</summary>
public sealed class RunControlTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Programs that say their arguments, one a line.</summary>
    private static readonly RunCommands Sayers = new((recipe, directory) =>
        ["printf", "%s\n", "start", recipe, directory],
        directory => ["printf", "%s\n", "resume", directory]);

    [Fact]
    public async Task Nothing_can_be_controlled_unless_that_is_allowed()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        foreach (string path in (string[])["start", "stop", "resume"])
            await Post(studio, path, """{"run":"runs/a","name":"a","recipe":"model: vit"}""", HttpStatusCode.NotFound);
        Assert.DoesNotContain(studio.Server.Routes, route => route.Contains("start") || route.Contains("stop")
            || route.Contains("resume"));
        Assert.False((await studio.Get("about")).GetProperty("control").GetBoolean());
    }

    [Fact]
    public async Task A_run_starts_by_a_list_of_arguments_and_its_output_is_kept()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        await Post(studio, "start", """{"name":"new","recipe":"model: vit-nano\nepochs: 3\n"}""",
            HttpStatusCode.Accepted);
        string run = Path.Combine(studio.Runs, "new"), recipe = Path.Combine(run, "recipe.yaml");
        Assert.Equal("model: vit-nano\nepochs: 3\n", await File.ReadAllTextAsync(recipe, Stop));
        Assert.Equal($"start\n{recipe}\n{run}\n", await File.ReadAllTextAsync(Path.Combine(run, "output.txt"), Stop));
        await Post(studio, "start", """{"name":"new","recipe":"model: vit-nano"}""", HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("-rf")]
    [InlineData("a b")]
    [InlineData("$(id)")]
    [InlineData("a\\nb")]
    [InlineData("a\\n")]
    [InlineData("")]
    public async Task Names_are_names(string name)
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        await Post(studio, "start", $$"""{"name":"{{name.Replace("$", "$")}}","recipe":"model: vit-nano"}""",
            HttpStatusCode.BadRequest);
        Assert.Empty(Directory.GetFileSystemEntries(studio.Runs));
    }

    [Fact]
    public async Task A_recipe_that_is_wrong_starts_nothing()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        JsonElement answer = await Post(studio, "start", """{"name":"a","recipe":"modle: vit-nano"}""",
            HttpStatusCode.BadRequest);
        Assert.Contains("did you mean 'model'?", answer.GetProperty("error").GetString());
        Assert.Empty(Directory.GetFileSystemEntries(studio.Runs));
    }

    [Fact]
    public async Task A_program_that_ends_at_once_is_said_with_its_last_words_and_leaves_nothing()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: new(
            (_, directory) => ["ls", Path.Combine(directory, "missing")], _ => ["false"]));
        JsonElement answer = await Post(studio, "start", """{"name":"a","recipe":"model: vit-nano"}""",
            HttpStatusCode.Conflict);
        Assert.Contains("No such file", answer.GetProperty("error").GetString());
        Assert.Empty(Directory.GetFileSystemEntries(studio.Runs));
    }

    [Fact]
    public async Task Only_what_has_ended_before_its_end_is_resumed()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        RunDirectory run = studio.Make("a", metrics: RunEndpointsTests.Step(1, 2));
        studio.Make("broken", "model: [");
        await Post(studio, "resume", """{"run":"runs/a"}""", HttpStatusCode.Accepted);
        Assert.Equal($"resume\n{run.Path}\n",
            await File.ReadAllTextAsync(Path.Combine(run.Path, "output.txt"), Stop));
        await Post(studio, "resume", """{"run":"runs/broken"}""", HttpStatusCode.Conflict);
        await Post(studio, "resume", """{"run":"runs/../a"}""", HttpStatusCode.NotFound);
        using DirectoryLock held = run.Take();
        await Post(studio, "resume", """{"run":"runs/a"}""", HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Only_a_living_process_that_holds_the_run_is_stopped()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        RunDirectory run = studio.Make("a", metrics: RunEndpointsTests.Step(1, 2));
        JsonElement answer = await Post(studio, "stop", """{"run":"runs/a"}""", HttpStatusCode.Conflict);
        Assert.Contains("is not running", answer.GetProperty("error").GetString());
        string note;
        using (DirectoryLock held = run.Take())
            note = await File.ReadAllTextAsync(Path.Combine(run.Path, ".owner"), Stop);

        // another process with that number, which began at another time: a note that lies stops nobody
        using System.Diagnostics.Process other = System.Diagnostics.Process.Start("sleep", ["60"]);
        DateTime began = other.StartTime.ToUniversalTime();
        await Write(began.AddHours(-1));
        await Post(studio, "stop", """{"run":"runs/a"}""", HttpStatusCode.Conflict);
        Assert.False(other.HasExited);

        await Write(began);
        await Post(studio, "stop", """{"run":"runs/a"}""", HttpStatusCode.Accepted);
        Assert.True(other.WaitForExit(10_000));
        Assert.Equal(128 + 15, other.ExitCode);

        Task Write(DateTime since)
        {
            using JsonDocument old = JsonDocument.Parse(note);
            return File.WriteAllTextAsync(Path.Combine(run.Path, ".owner"), note
                .Replace($"\"process\":{Environment.ProcessId}", $"\"process\":{other.Id}")
                .Replace(old.RootElement.GetProperty("since").GetRawText(), JsonSerializer.Serialize(since)), Stop);
        }
    }

    [Fact]
    public async Task Requests_that_a_foreign_page_could_send_control_nothing()
    {
        await using RunningStudio studio = await RunningStudio.Start(commands: Sayers);
        const string Body = """{"name":"a","recipe":"model: vit-nano"}""";
        await Post(studio, "start", Body, HttpStatusCode.Forbidden, header: false);
        await Post(studio, "start", Body, HttpStatusCode.UnsupportedMediaType, type: "text/plain");
        await Post(studio, "start", Body, HttpStatusCode.Forbidden, origin: "http://example.com");
        await Post(studio, "start", Body, HttpStatusCode.Forbidden, origin: "null");
        await Post(studio, "start", "[]", HttpStatusCode.BadRequest);
        await Post(studio, "start", """{"name":1}""", HttpStatusCode.BadRequest);
        await Post(studio, "start", "\"" + new string('x', 2 << 20) + "\"", HttpStatusCode.RequestEntityTooLarge);
        Assert.Empty(Directory.GetFileSystemEntries(studio.Runs));
    }

    private static async Task<JsonElement> Post(RunningStudio studio, string path, string body, HttpStatusCode status,
        bool header = true, string type = "application/json", string? origin = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/studio/" + path)
        {
            Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(type)),
        };
        if (header) request.Headers.Add("Fovea-Studio", "1");
        if (origin is not null) request.Headers.Add("Origin", origin);
        HttpResponseMessage answer = await studio.Client.SendAsync(request, Stop);
        string text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
