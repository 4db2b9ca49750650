using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Fovea.Core.Files;
using Fovea.Training.Runs;

namespace Fovea.Server.Tests.Studio;

/// <summary>Runs as the pages of a studio see them.</summary>
public sealed class RunEndpointsTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_has_the_state_that_its_files_tell()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        string log = Step(1, 2.0);
        studio.Make("interrupted", metrics: log);
        RunDirectory stopped = studio.Make("stopped", metrics: log);
        Directory.CreateDirectory(Path.GetDirectoryName(stopped.LastCheckpoint)!);
        File.WriteAllText(stopped.LastCheckpoint, "");
        RunDirectory finished = studio.Make("finished", metrics: log);
        File.WriteAllText(finished.Summary, Summary);
        RunDirectory running = studio.Make("running", metrics: log);
        RunDirectory dead = studio.Make("dead", metrics: log);
        studio.Make("no-yaml", recipe: "model: [");
        studio.Make("no-field", recipe: "model: vit-nano\nlearning-speed: 1\n");
        RunDirectory noSummary = studio.Make("no-summary");
        File.WriteAllText(noSummary.Summary, "{");
        Directory.CreateDirectory(Path.Combine(studio.Runs, "no-run"));
        using (DirectoryLock held = running.Take())
        {
            File.Copy(Path.Combine(running.Path, ".owner"), Path.Combine(dead.Path, ".owner"));
            string owner = await File.ReadAllTextAsync(Path.Combine(dead.Path, ".owner"), Stop);
            await File.WriteAllTextAsync(Path.Combine(dead.Path, ".owner"),
                owner.Replace($"{Environment.ProcessId}", $"{int.MaxValue}"), Stop);
            Assert.Equal(new Dictionary<string, string>
            {
                ["runs/dead"] = "Dead",
                ["runs/finished"] = "Finished",
                ["runs/interrupted"] = "Interrupted",
                ["runs/no-field"] = "Corrupt",
                ["runs/no-summary"] = "Corrupt",
                ["runs/no-yaml"] = "Corrupt",
                ["runs/running"] = "Running",
                ["runs/stopped"] = "Stopped",
            }, await studio.States());
        }

        Directory.Delete(stopped.Path, recursive: true);
        Dictionary<string, string> later = await studio.States();
        Assert.Equal("Interrupted", later["runs/running"]);
        Assert.Equal("Deleted", later["runs/stopped"]);
        await studio.Get("run?run=runs/stopped", HttpStatusCode.Gone);
        JsonElement broken = await studio.Get("run?run=runs/no-yaml");
        Assert.Contains("config.yaml", broken.GetProperty("run").GetProperty("problem").GetString());
    }

    [Fact]
    public async Task The_list_tells_what_runs_reached_and_in_which_fields_they_differ()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        studio.Make("a", "model: vit-nano\nlr: 0.1\nepochs: 4\n", Step(7, 1.5),
            "epoch,step,train_loss,train_accuracy,val_loss,val_accuracy,lr,images_per_second,seconds\n"
            + "1,3,1.9,0.1,1.8,0.6,0.1,100,1\n2,6,1.7,0.2,1.9,0.5,0.1,100,2\n");
        studio.Make("b", "model: vit-nano\nlr: 0.2\nepochs: 4\nout: somewhere\n");
        JsonElement list = await studio.Get("runs");
        Assert.Equal("lr", Assert.Single(list.GetProperty("fields").EnumerateArray()).GetString());
        Assert.Equal("4", list.GetProperty("common").GetProperty("epochs").GetString());
        Assert.False(list.GetProperty("common").TryGetProperty("lr", out _));
        JsonElement run = list.GetProperty("runs")[0];
        Assert.Equal(2, run.GetProperty("epochsDone").GetInt32());
        Assert.Equal(4, run.GetProperty("epochs").GetInt32());
        Assert.Equal(7, run.GetProperty("steps").GetInt64());
        Assert.Equal(1.5, run.GetProperty("trainLoss").GetDouble());
        Assert.Equal(0.6, run.GetProperty("valAccuracy").GetDouble());
        Assert.Equal("0.1", run.GetProperty("recipe").GetProperty("lr").GetString());
    }

    [Theory]
    [InlineData("..")]
    [InlineData("runs/..")]
    [InlineData("runs/../runs/a")]
    [InlineData("/etc")]
    [InlineData("runs//a")]
    [InlineData("a")]
    [InlineData("runs/link")]
    [InlineData("runs/a/checkpoints")]
    [InlineData("runs/\u0000")]
    public async Task No_name_leads_out_of_the_folder(string id)
    {
        await using RunningStudio studio = await RunningStudio.Start();
        studio.Make("a");
        string outside = Directory.CreateDirectory(Path.Combine(studio.Folder.Path, "outside")).FullName;
        await File.WriteAllTextAsync(Path.Combine(outside, "config.yaml"), "model: vit-nano\n", Stop);
        Directory.CreateSymbolicLink(Path.Combine(studio.Runs, "link"), outside);
        foreach (string path in (string[])["run", "series", "events"])
            await studio.Get($"{path}?run={Uri.EscapeDataString(id)}", HttpStatusCode.NotFound);
        Assert.Equal("runs/a", Assert.Single(await studio.States()).Key);
    }

    [Fact]
    public async Task No_file_of_a_run_is_read_through_a_link_that_leads_out()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        string secret = Path.Combine(studio.Folder.Path, "secret.txt");
        await File.WriteAllTextAsync(secret, "a secret\n", Stop);
        RunDirectory run = studio.Make("a");
        File.CreateSymbolicLink(Path.Combine(run.Path, "output.txt"), secret);
        Assert.DoesNotContain("secret", (await studio.Get("run?run=runs/a")).GetRawText());
        File.CreateSymbolicLink(run.Metrics, secret);
        Assert.Equal("Corrupt", (await studio.States())["runs/a"]);
        Assert.DoesNotContain("a secret", (await studio.Get("run?run=runs/a")).GetRawText());
        await studio.Get("series?run=runs/a", HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Names_are_shown_without_what_steers_a_terminal_or_turns_writing()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        studio.Make("esc\u001b[31m");
        studio.Make("turn\u202egnp");
        string[] names = [.. (await studio.Get("runs")).GetProperty("runs").EnumerateArray()
            .Select(run => run.GetProperty("name").GetString()!)];
        Assert.Equal(["runs/esc\\x1b[31m", "runs/turn\\u202egnp"], names);
        await studio.Get("run?run=" + Uri.EscapeDataString("runs/esc\u001b[31m"));
    }

    [Fact]
    public async Task Five_hundred_runs_list_in_about_a_second()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        for (int i = 0; i < 500; i++)
            studio.Make($"run-{i}", RecipeText.Replace("seed: 0", $"seed: {i}"), Step(1, 2),
                "1,3,1.9,0.1,1.8,0.6,0.1,100,1");
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Equal(500, (await studio.Get("runs")).GetProperty("runs").GetArrayLength());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 3);
        clock.Restart();
        await studio.Get("runs");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 3);
    }

    [Fact]
    public async Task A_log_of_a_hundred_thousand_steps_opens_in_about_a_second_and_goes_on_by_what_is_new()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        StringBuilder log = new();
        for (int i = 1; i <= 100_000; i++) log.Append(Step(i, i == 54_321 ? 99 : 2));
        RunDirectory run = studio.Make("long", metrics: log.ToString());
        Stopwatch clock = Stopwatch.StartNew();
        JsonElement series = await studio.Get("series?run=runs/long&points=500");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 3);
        JsonElement loss = series.GetProperty("curves").GetProperty("trainLoss");
        long[] steps = [.. loss.GetProperty("x").EnumerateArray().Select(x => x.GetInt64())];
        double[] values = [.. loss.GetProperty("y").EnumerateArray().Select(y => y.GetDouble())];
        Assert.InRange(steps.Length, 100, 500);
        Assert.Equal((1, 100_000), (steps[0], steps[^1]));
        Assert.Equal(99, values[Array.IndexOf(steps, 54_321)]);   // the peak is there
        clock.Restart();
        await File.AppendAllTextAsync(run.Metrics, Step(100_001, 1), Stop);
        series = await studio.Get("series?run=runs/long&points=500");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 3);
        Assert.Equal(100_001, series.GetProperty("events").GetInt32());
    }

    [Theory]
    [InlineData("/v1/studio/events")]
    [InlineData("/V1/studio/Events/")]   // routing takes it, too
    public async Task A_page_hears_everything_once_and_then_what_is_new_until_the_run_is_deleted(string path)
    {
        await using RunningStudio studio = await RunningStudio.Start(new() { TimeLimit = TimeSpan.FromSeconds(0.3) });
        RunDirectory run = studio.Make("a", metrics: Step(1, 2) + Step(2, 1.9));
        using Stream stream = await studio.Client.GetStreamAsync(path + "?run=runs/a", Stop);
        using StreamReader reader = new(stream);
        Assert.Equal("Interrupted", (await Next("state")).GetProperty("state").GetString());
        JsonElement all = await Next("curves");
        Assert.True(all.GetProperty("anew").GetBoolean());
        Assert.Equal([1, 2], Steps(all));
        await Task.Delay(600, Stop);   // longer than other requests may take
        await File.AppendAllTextAsync(run.Metrics, Step(3, 1.8) + """{"event":"step","ep""", Stop);
        JsonElement more = await Next("curves");
        Assert.False(more.GetProperty("anew").GetBoolean());
        Assert.Equal([3], Steps(more));
        await File.WriteAllTextAsync(run.Metrics + ".new", Step(1, 5), Stop);
        File.Move(run.Metrics + ".new", run.Metrics, overwrite: true);   // a run begins anew, seen with its first step
        JsonElement anew = await Next("curves");
        Assert.True(anew.GetProperty("anew").GetBoolean());
        Assert.Equal([1], Steps(anew));
        Directory.Delete(run.Path, recursive: true);
        while ((await Next("state")).GetProperty("state").GetString() != "Deleted")
        {
        }

        async Task<JsonElement> Next(string name)
        {
            while (await reader.ReadLineAsync(Stop) is string line)
                if (line == "event: " + name)
                    return JsonDocument.Parse((await reader.ReadLineAsync(Stop))!["data: ".Length..]).RootElement;
            throw new EndOfStreamException();
        }

        static long[] Steps(JsonElement news) => [.. news.GetProperty("curves").GetProperty("trainLoss")
            .GetProperty("x").EnumerateArray().Select(x => x.GetInt64())];
    }

    [Fact]
    public async Task A_study_has_the_mean_and_the_spread_of_its_seeds()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        string cells = Path.Combine("study", "cells");
        foreach ((int seed, double accuracy) in ((int, double)[])[(0, 0.5), (1, 0.7)])
            studio.Make(Path.Combine(cells, $"softmax-seed{seed}"), $"model: vit-nano\nseed: {seed}\nepochs: 1\n",
                $$"""{"event":"epoch","epoch":1,"step":3,"val_accuracy":{{accuracy}}}""" + "\n");
        _ = await studio.Get("runs");   // seen before anything says that they belong together
        await File.WriteAllTextAsync(Path.Combine(studio.Runs, "study", "status.json"),
            """{"cells":2,"finished":2,"epoch":0,"epochs":0,"paused":false}""", Stop);
        JsonElement list = await studio.Get("runs");
        Assert.Equal("runs/study", list.GetProperty("studies")[0].GetProperty("id").GetString());
        Assert.All(list.GetProperty("runs").EnumerateArray(),
            run => Assert.Equal("runs/study", run.GetProperty("study").GetString()));
        JsonElement study = await studio.Get("study?study=runs/study");
        JsonElement curve = Assert.Single(study.GetProperty("curves").EnumerateArray());
        Assert.Equal("softmax", curve.GetProperty("name").GetString());
        JsonElement epoch = curve.GetProperty("curves").GetProperty("valAccuracy")[0];
        Assert.Equal(0.6, epoch.GetProperty("mean").GetDouble(), 1e-9);
        Assert.Equal(0.6 - Math.Sqrt(0.02), epoch.GetProperty("low").GetDouble(), 1e-9);
        Assert.Equal(2, epoch.GetProperty("runs").GetInt32());
    }

    [Fact]
    public async Task It_keeps_the_promises_of_the_server()
    {
        await using RunningStudio studio = await RunningStudio.Start(new() { Token = "secret" });
        await studio.Get("runs", HttpStatusCode.Unauthorized);
        await studio.Get("RUNS/", HttpStatusCode.Unauthorized);
        studio.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        await studio.Get("runs");
        using HttpRequestMessage foreign = new(HttpMethod.Get, "/v1/studio/runs");
        foreign.Headers.Add("Origin", "http://example.com");
        HttpResponseMessage refused = await studio.Client.SendAsync(foreign, Stop);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.False(refused.Headers.Contains("Access-Control-Allow-Origin"));
        using HttpRequestMessage named = new(HttpMethod.Get, "/v1/studio/runs");
        named.Headers.Host = "example.com";
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await studio.Client.SendAsync(named, Stop)).StatusCode);
        HttpResponseMessage page = await studio.Client.GetAsync("/", Stop);
        Assert.Contains("default-src 'none'", Assert.Single(page.Headers.GetValues("Content-Security-Policy")));
        Assert.DoesNotContain(studio.Server.Routes, route => route.StartsWith("POST /v1/studio/start",
            StringComparison.Ordinal));
    }

    internal static string Step(long step, double loss) => FormattableString.Invariant(
        $$"""{"event":"step","epoch":1,"step":{{step}},"train_loss":{{loss}},"lr":0.001,"gradient_norm":1.5,""")
        + FormattableString.Invariant($$""" "images_per_second":500,"seconds":{{step}}}""") + "\n";

    private static string RecipeText { get; } = Training.Recipes.RecipeFile.Print(Training.Recipes.Recipe.Default);

    private const string Summary = """
        {"model":"vit-nano","parameters":1,"dataset":"shapes","epochs":4,"steps":1,"images_per_second":1,
        "peak_memory_bytes":1,"seconds":1,"seed":0,"version":"0.1.0"}
        """;
}
