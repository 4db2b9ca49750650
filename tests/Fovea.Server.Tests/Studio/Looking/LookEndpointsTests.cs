using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Server.Tests.Studio.Looking;

/// <summary>Images that models of runs look at, and models themselves.</summary>
public sealed class LookEndpointsTests(TwoRuns runs) : IClassFixture<TwoRuns>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", null)]
    [InlineData("&class=1&theme=dark", "1")]
    [InlineData("&checkpoint=last", null)]
    public async Task An_image_has_the_probabilities_of_predict_and_figures(string query, string? target)
    {
        await using RunningStudio studio = await RunningStudio.Start(folder: runs.Folder);
        JsonElement answer = await Post(studio, "look?run=runs/first" + query, Images.Ppm(1), HttpStatusCode.OK);
        if (!query.Contains("last"))
            Assert.Equal(TwoRuns.Expected(runs.First, Images.Ppm(1)).OrderDescending(), answer.GetProperty("classes")
                .EnumerateArray().Select(one => one.GetProperty("probability").GetDouble()));
        if (target is not null) Assert.Equal("triangle", answer.GetProperty("explained").GetString());
        string[] names = [.. answer.GetProperty("figures").EnumerateArray()
            .Select(figure => figure.GetProperty("name").GetString()!)];
        Assert.Equal(["overview", "heads", "maps"], names);
        foreach (JsonElement figure in answer.GetProperty("figures").EnumerateArray())
            Assert.InRange(ImageFile.Identify(figure.GetProperty("png").GetBytesFromBase64()).Width, 100, 4000);
    }

    [Fact]
    public async Task What_cannot_be_looked_at_is_said()
    {
        await using RunningStudio studio = await RunningStudio.Start(folder: runs.Folder);
        await Says("look?run=runs/first", [1, 2, 3], HttpStatusCode.BadRequest, "image");
        await Says("look?run=runs/first&class=nothing", Images.Ppm(1), HttpStatusCode.BadRequest, "class");
        await Says("look?run=runs/first&checkpoint=../x", Images.Ppm(1), HttpStatusCode.Conflict, "checkpoint");
        await Says("look?run=runs/none", Images.Ppm(1), HttpStatusCode.NotFound, "runs/none");
        await Says("look", Images.Ppm(1), HttpStatusCode.BadRequest, "'run'");

        async Task Says(string path, byte[] body, HttpStatusCode status, string said) =>
            Assert.Contains(said, (await Post(studio, path, body, status)).GetProperty("error").GetString());
    }

    [Fact]
    public async Task A_fixed_image_is_followed_through_the_checkpoints_that_come()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        RunDirectory run = studio.Make("a", RecipeFile.Print(TinyRun.Recipe));
        JsonElement none = await Settled(studio);
        Assert.Equal(0, none.GetProperty("entries").GetArrayLength());
        Directory.CreateDirectory(Path.GetDirectoryName(run.LastCheckpoint)!);
        File.Copy(Path.Combine(runs.First, "checkpoints", "last.safetensors"), run.LastCheckpoint);
        JsonElement one = await Settled(studio);
        Assert.Contains("first validation image of shapes", one.GetProperty("image").GetString());
        JsonElement entry = Assert.Single(one.GetProperty("entries").EnumerateArray());
        Assert.Equal(1, entry.GetProperty("epoch").GetInt32());
        Assert.Equal(416, ImageFile.Identify(entry.GetProperty("png").GetBytesFromBase64()).Width);

        // of another step, in its place
        TinyRun.Start(TinyRun.Recipe with { Optimisation = new() { Epochs = 2, BatchSize = 16 } },
            Path.Combine(studio.Folder.Path, "longer"));
        File.Copy(Path.Combine(studio.Folder.Path, "longer", "checkpoints", "last.safetensors"), run.LastCheckpoint,
            overwrite: true);
        Assert.Equal([1, 2], (await Settled(studio)).GetProperty("entries").EnumerateArray()
            .Select(each => each.GetProperty("epoch").GetInt32()));

        JsonElement own = await Post(studio, "attention?run=runs/a", Images.Ppm(3), HttpStatusCode.OK);
        Assert.Single(own.GetProperty("entries").EnumerateArray());   // the first checkpoint is gone
        await Post(studio, "attention?run=runs/a", [0, 1], HttpStatusCode.BadRequest);
        Assert.Equal("image", (await Settled(studio)).GetProperty("image").GetString());   // still the good one
    }

    [Fact]
    public async Task Another_run_in_the_place_of_one_begins_anew()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        RunDirectory run = studio.Make("a", RecipeFile.Print(TinyRun.Recipe));
        Directory.CreateDirectory(Path.GetDirectoryName(run.LastCheckpoint)!);
        File.Copy(Path.Combine(runs.First, "checkpoints", "last.safetensors"), run.LastCheckpoint);
        await Post(studio, "attention?run=runs/a", Images.Ppm(3), HttpStatusCode.OK);
        Assert.Equal("image", (await Settled(studio)).GetProperty("image").GetString());
        Directory.Delete(run.Path, recursive: true);
        studio.Make("a", RecipeFile.Print(TinyRun.Recipe with { Run = TinyRun.Recipe.Run with { Seed = 11 } }));
        JsonElement other = await Settled(studio);
        Assert.Contains("first validation image of shapes", other.GetProperty("image").GetString());
        Assert.Equal(0, other.GetProperty("entries").GetArrayLength());
    }

    [Fact]
    public async Task Images_that_could_not_be_read_are_looked_for_again()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        string data = Path.Combine(studio.Folder.Path, "data");
        studio.Make("a", RecipeFile.Print(TinyRun.Recipe with
        {
            Data = TinyRun.Recipe.Data with { Dataset = "folder", Directory = data },
        }));
        Assert.Contains("cannot be read here", (await Settled(studio)).GetProperty("problem").GetString());
        foreach (string name in (string[])["cat", "dog"])
            for (int i = 0; i < 3; i++)
            {
                string file = Path.Combine(data, name, $"{i}.ppm");
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllBytesAsync(file, Images.Ppm(i + (10 * name[0])), Stop);
            }

        Assert.Contains("first validation image of folder", (await Settled(studio)).GetRawText());
    }

    [Fact]
    public async Task A_model_is_described_with_its_costs_and_those_of_other_attention()
    {
        await using RunningStudio studio = await RunningStudio.Start(folder: runs.Folder);
        JsonElement model = await studio.Get("model?run=runs/first");
        double sum = model.GetProperty("macsByPart").EnumerateArray().Sum(one => one.GetProperty("macs").GetDouble());
        Assert.Equal(model.GetProperty("macs").GetDouble(), sum, 1);
        Assert.Equal(model.GetProperty("parameters").GetInt64(), model.GetProperty("parts").EnumerateArray()
            .Sum(part => part.GetProperty("count").GetInt64()));
        JsonElement[] costs = [.. (await studio.Get("costs?run=runs/first")).GetProperty("costs").EnumerateArray()];
        Assert.Equal(["softmax"], costs.Where(one => one.GetProperty("isOwn").GetBoolean())
            .Select(one => one.GetProperty("attention").GetString()));
        Assert.Equal(Vision.Attention.AttentionCatalogue.All.Count, costs.Length);
        Assert.Equal(model.GetProperty("macs").GetDouble(), costs[0].GetProperty("macs").GetDouble(), 1);
        Assert.NotEqual(0, (await studio.Get("figures?run=runs/first")).GetProperty("figures").GetArrayLength());
    }

    private static async Task<JsonElement> Settled(RunningStudio studio)
    {
        for (int i = 0; i < 600; i++)
        {
            JsonElement answer = await studio.Get("attention?run=runs/a");
            if (!answer.GetProperty("waiting").GetBoolean()) return answer;
            await Task.Delay(50, Stop);
        }

        throw new TimeoutException("It waits for half a minute.");
    }

    private static async Task<JsonElement> Post(RunningStudio studio, string path, byte[] body, HttpStatusCode status)
    {
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("image/x-portable-pixmap");
        HttpResponseMessage answer = await studio.Client.PostAsync("/v1/studio/" + path, content, Stop);
        string text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
