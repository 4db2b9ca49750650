using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Server.Models;
using Fovea.Server.Settings;
using Fovea.Tensors;
using Fovea.Training.Models;

namespace Fovea.Server.Tests;

/// <summary>The server as its clients see it.</summary>
public sealed class ModelServerTests(TwoRuns runs) : IClassFixture<TwoRuns>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_image_has_the_probabilities_of_predict_in_every_form_of_request()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        byte[] image = Images.Ppm(1);
        double[] expected = TwoRuns.Expected(runs.First, image);
        string base64 = Convert.ToBase64String(image);
        using MultipartFormDataContent form = new()
        {
            { new ByteArrayContent(image), "file", "one.ppm" },
            { new ByteArrayContent(Images.Ppm(2)), "file", "two.ppm" },
            { new StringContent("100"), "top" },
        };
        HttpResponseMessage[] answers =
        [
            await server.Post("/v1/classify?top=100", image),
            await server.Post("/v1/classify?top=100", image, "application/octet-stream"),
            await server.PostJson("/v1/classify", $$"""{"image": "{{base64}}", "top": 100}"""),
            await server.PostJson("/v1/classify?top=100", $$"""{"images": ["data:image/png;base64,{{base64}}"]}"""),
            await server.PostJson("/v1/classify?top=100", $$"""{"images": [{"name": "x", "data": "{{base64}}"}]}"""),
            await server.Client.PostAsync("/v1/classify", form, Stop),
        ];
        foreach (HttpResponseMessage answer in answers)
        {
            Dictionary<string, double> classes = (await RunningServer.Classes(answer))[0];
            Assert.Equal(expected.OrderDescending(), classes.Values);   // the most probable first, to the last bit
        }

        Dictionary<string, double>[] both = await RunningServer.Classes(answers[^1]);
        Assert.Equal(TwoRuns.Expected(runs.First, Images.Ppm(2)).OrderDescending(), both[1].Values);
    }

    [Fact]
    public async Task Top_says_how_many_classes()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        Assert.Single((await RunningServer.Classes(await server.Post("/v1/classify?top=1", Images.Ppm(1))))[0]);
        foreach (string wrong in (string[])["0", "-1", "x", "1.5", ""])
            Assert.Contains("'top'", await RunningServer.ErrorOf(
                await server.Post($"/v1/classify?top={wrong}", Images.Ppm(1)), HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task Sixty_four_clients_get_what_each_would_get_alone()
    {
        await using RunningServer server = await RunningServer.Start(new() { MaxBatch = 16 }, runs.First);
        double[][] expected = [.. Enumerable.Range(0, 8)
            .Select(seed => TwoRuns.Expected(runs.First, Images.Ppm(seed)).OrderDescending().ToArray())];
        await Task.WhenAll(Enumerable.Range(0, 64).Select(async client =>
        {
            for (int i = 0; i < 4; i++)
            {
                int seed = (client + i) % expected.Length;
                HttpResponseMessage answer = await server.Post("/v1/classify?top=100", Images.Ppm(seed));
                Assert.Equal(expected[seed], (await RunningServer.Classes(answer))[0].Values);
            }
        }));
        Assert.Equal(256, await server.Metric("""fovea_requests_total{endpoint="/v1/classify",status="200"}"""));
        Assert.Equal(256, await server.Metric("""fovea_images_total{model="first",output="scores"}"""));
        Assert.Equal(256, await server.Metric("""fovea_batch_images_sum{model="first"}"""));
        Assert.InRange(await server.Metric("""fovea_batch_images_count{model="first"}"""), 16, 255);
        Assert.Equal(0, await server.Metric("""fovea_queue_images{model="first"}"""));
        Assert.Equal(0, await server.Metric("fovea_bodies_bytes"));
    }

    [Fact]
    public async Task Features_are_what_the_head_reads()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        HttpResponseMessage answer = await server.Post("/v1/features", Images.Ppm(1));
        using JsonDocument document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Stop));
        float[] features = [.. document.RootElement.GetProperty("results")[0].GetProperty("features").EnumerateArray()
            .Select(value => value.GetSingle())];
        Assert.Equal(96, features.Length);

        Training.Models.TrainedModel model = Training.Models.TrainedModel.Load(runs.First, Tensors.Device.Cpu);
        Dictionary<string, float[]> named = model.Model.NamedParameters()
            .ToDictionary(pair => pair.Name, pair => pair.Parameter.Value.ToArray());
        float[] weight = named["head.weight"], bias = named["head.bias"];
        double[] scores = [.. bias.Select((add, i) =>
            add + Enumerable.Range(0, 96).Sum(j => (double)weight[i * 96 + j] * features[j]))];
        double sum = scores.Sum(Math.Exp);
        double[] expected = TwoRuns.Expected(runs.First, Images.Ppm(1));
        for (int i = 0; i < scores.Length; i++) Assert.Equal(expected[i], Math.Exp(scores[i]) / sum, 1e-5);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?kind=relevance")]
    [InlineData("?kind=rollout")]
    [InlineData("?kind=relevance&class=1")]
    public async Task An_explanation_is_an_image(string query)
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        HttpResponseMessage answer = await server.Post("/v1/explain" + query, Images.Ppm(1));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
        Assert.Equal("image/png", answer.Content.Headers.ContentType!.MediaType);
        ImageInfo png = ImageFile.Identify(await answer.Content.ReadAsByteArrayAsync(Stop));
        Assert.InRange(png.Width, 400, 2000);
        double probability = double.Parse(Assert.Single(answer.Headers.GetValues("Fovea-Probability")),
            System.Globalization.CultureInfo.InvariantCulture);
        double[] expected = TwoRuns.Expected(runs.First, Images.Ppm(1));
        Assert.Equal(query.Contains("class") ? expected[1] : expected.Max(), probability, 1e-6);
    }

    /// <summary>No client can change how the server computes.</summary>
    [Fact]
    public async Task Without_gradients_attention_is_rolled_out_and_relevance_is_not_to_be_had()
    {
        ConcurrentQueue<string> said = [];
        Device bytes = Device.CreateCpu(1, precision: Precision.Int8);
        await using ModelServer server = await ModelServer.StartAsync(new() { Port = 0 },
            [new NamedModel("m", runs.First, path => TrainedModel.Load(path, bytes))], said.Enqueue, Stop);
        Assert.Equal(["'m' is explained by 'rollout' alone: int8 has no gradients (`precision`)."], said);
        using HttpClient client = new() { BaseAddress = server.Addresses[0] };
        async Task<HttpResponseMessage> Ask(string query)
        {
            ByteArrayContent image = new(Images.Ppm(1));
            image.Headers.ContentType = new("image/x-portable-pixmap");
            return await client.PostAsync("/v1/explain" + query, image, Stop);
        }

        Assert.Equal("this server computes in int8, which has no gradients, and 'relevance' needs them: ask for the "
            + "kind 'rollout'.", await RunningServer.ErrorOf(await Ask(""), HttpStatusCode.NotImplemented));
        HttpResponseMessage map = await Ask("?kind=rollout");
        Assert.True(map.IsSuccessStatusCode, await map.Content.ReadAsStringAsync(Stop));
        Assert.Equal("image/png", map.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task An_explanation_of_what_is_not_there_is_refused()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        Assert.Contains("no kind called 'rolout'", await RunningServer.ErrorOf(
            await server.Post("/v1/explain?kind=rolout", Images.Ppm(1)), HttpStatusCode.BadRequest),
            StringComparison.OrdinalIgnoreCase);
        Assert.Contains("'nothing'", await RunningServer.ErrorOf(
            await server.Post("/v1/explain?class=nothing", Images.Ppm(1)), HttpStatusCode.BadRequest));
        string image = Convert.ToBase64String(Images.Ppm(1));
        Assert.Contains("one image", await RunningServer.ErrorOf(
            await server.PostJson("/v1/explain", $$"""{"images": ["{{image}}", "{{image}}"]}"""),
            HttpStatusCode.BadRequest));
    }

    [Fact]
    public async Task The_lines_of_the_sample_for_curl_are_answered()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        Assert.SkipUnless(File.Exists("/usr/bin/curl") && File.Exists("/bin/bash"), "needs curl and bash");
        await using RunningServer server = await RunningServer.Start(new() { Token = "secret" }, runs.First);
        using TemporaryFolder folder = new();
        string image = folder.Write("one.ppm", Images.Ppm(1));
        ProcessStartInfo start = new("/bin/bash",
            [Checkout.At("samples", "serve.sh"), image, server.Client.BaseAddress!.OriginalString])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FOVEA_TOKEN"] = "secret";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(Stop);
        string said = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        Assert.Equal((0, ""), (process.ExitCode, await errors));
        Assert.Equal(4, said.Split("\"results\":").Length - 1);
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], File.ReadAllBytes(folder["relevance.png"])[..4]);
    }

    [Fact]
    public async Task Two_models_answer_by_name()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First, $"other={runs.Second}");
        byte[] image = Images.Ppm(5);
        foreach ((string name, string run) in ((string, string)[])[("first", runs.First), ("other", runs.Second)])
            Assert.Equal(TwoRuns.Expected(run, image).OrderDescending(), (await RunningServer.Classes(
                await server.Post($"/v1/classify?top=100&model={name}", image)))[0].Values);
        Assert.Contains("first, other", await RunningServer.ErrorOf(await server.Post("/v1/classify", image),
            HttpStatusCode.BadRequest));
        Assert.Contains("'first'", await RunningServer.ErrorOf(await server.Post("/v1/classify?model=frist", image),
            HttpStatusCode.NotFound));
        using JsonDocument models = JsonDocument.Parse(await server.Client.GetStringAsync("/v1/models", Stop));
        Assert.Equal(["first", "other"], models.RootElement.GetProperty("models").EnumerateArray()
            .Select(model => model.GetProperty("name").GetString()));
        Assert.Equal("vit-nano", models.RootElement.GetProperty("models")[0].GetProperty("preset").GetString());
    }

    [Fact]
    public async Task Two_models_of_one_name_are_refused()
    {
        UsageException error = await Assert.ThrowsAsync<UsageException>(
            () => RunningServer.Start(null, $"a={runs.First}", $"a={runs.Second}"));
        Assert.Contains("two models are called 'a'", error.Message);
    }

    [Fact]
    public async Task One_damaged_image_costs_no_other_and_alone_it_is_a_sentence()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        byte[] cut = Images.Ppm(1)[..500];
        string sentence = Assert.Throws<DataException>(() => ImageFile.Read(cut)).Message;
        Assert.Equal(sentence, await RunningServer.ErrorOf(await server.Post("/v1/classify", cut),
            HttpStatusCode.BadRequest));
        Assert.NotEmpty(await RunningServer.ErrorOf(await server.Post("/v1/classify", "no image"u8.ToArray()),
            HttpStatusCode.BadRequest));
        string good = Convert.ToBase64String(Images.Ppm(1)), bad = Convert.ToBase64String(cut);
        HttpResponseMessage answer = await server.PostJson("/v1/classify",
            $$"""{"images": [{"name": "<b>\u001b[31m", "data": "{{bad}}"}, "{{good}}"]}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        string text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.DoesNotContain("<b>", text);
        Assert.DoesNotContain('\u001b', text);
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement results = document.RootElement.GetProperty("results");
        Assert.StartsWith("<b>\u001b[31m: ", results[0].GetProperty("error").GetString());
        Assert.False(results[0].TryGetProperty("classes", out _));
        Assert.True(results[1].TryGetProperty("classes", out _));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("text/html; charset=utf-8")]
    public async Task Another_content_type_is_415(string? type)
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        Assert.Contains("multipart/form-data", await RunningServer.ErrorOf(
            await server.Post("/v1/classify", Images.Ppm(1), type), HttpStatusCode.UnsupportedMediaType));
    }

    [Theory]
    [InlineData("application/json", "")]
    [InlineData("image/png", "")]
    [InlineData("application/json", "{")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", """{"image": 1}""")]
    [InlineData("application/json", """{"image": "%%%"}""")]
    [InlineData("application/json", """{"images": "x"}""")]
    [InlineData("application/json", """{"images": [{"data": "AA==", "path": "/etc/passwd"}]}""")]
    [InlineData("application/json", """{"images": ["\ud800"]}""")]
    [InlineData("application/json", """{"image": "AA==", "topp": 3}""")]
    [InlineData("application/json", """{"image": "AA==", "top": [3]}""")]
    [InlineData("application/json", "[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]")]
    [InlineData("multipart/form-data", "x")]
    [InlineData("multipart/form-data; boundary=b", "x")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n\r\nx\r\n--b--\r\n")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx")]
    [InlineData("multipart/form-data; boundary=b", "--b--\r\n")]
    public async Task A_malformed_body_is_400(string type, string body)
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        Assert.NotEmpty(await RunningServer.ErrorOf(
            await server.Post("/v1/classify", Encoding.UTF8.GetBytes(body), type), HttpStatusCode.BadRequest));
        Assert.Empty(server.Said);
    }

    [Fact]
    public async Task What_is_too_large_is_413()
    {
        ServerOptions options = new() { MaxBody = 100_000, Image = DecodeLimits.Of(5_000), Queue = 3 };
        await using RunningServer server = await RunningServer.Start(options, runs.First);
        Assert.Contains("100 x 60 pixels", await RunningServer.ErrorOf(
            await server.Post("/v1/classify", Images.Ppm(1, 100, 60)), HttpStatusCode.RequestEntityTooLarge));
        Assert.Contains("`max-body`", await RunningServer.ErrorOf(
            await server.Post("/v1/classify", new byte[100_001]), HttpStatusCode.RequestEntityTooLarge));
        using StreamContent chunked = new(new Unsized(new byte[3_000_000]));
        chunked.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        Assert.Contains("`max-body`", await RunningServer.ErrorOf(
            await server.Client.PostAsync("/v1/classify", chunked, Stop), HttpStatusCode.RequestEntityTooLarge));
        Assert.Contains("3 images", await RunningServer.ErrorOf(await server.PostJson("/v1/classify",
            """{"images": ["AA==", "AA==", "AA==", "AA=="]}"""), HttpStatusCode.RequestEntityTooLarge));
        // a bomb: a header that promises more than any memory
        Assert.Contains("limit", await RunningServer.ErrorOf(await server.Post("/v1/classify",
            [.. "P6 30000 30000 255\n"u8]), HttpStatusCode.RequestEntityTooLarge));
        Assert.Equal(HttpStatusCode.OK, (await server.Post("/v1/classify", Images.Ppm(1))).StatusCode);
        Assert.Equal(0, await server.Metric("fovea_bodies_bytes"));
    }

    [Fact]
    public async Task A_full_queue_is_503_at_once_and_says_when_to_come_again()
    {
        ServerOptions options = new() { Queue = 2, MaxBatch = 8, MaxWait = TimeSpan.FromSeconds(20) };
        await using RunningServer server = await RunningServer.Start(options, runs.First);
        using CancellationTokenSource leave = new();
        Task[] waiting = [.. Enumerable.Range(0, 2)
            .Select(seed => server.PostUntil("/v1/classify", Images.Ppm(seed), "image/png", leave.Token))];
        await RunningServer.Until(async () => await server.Metric("""fovea_queue_images{model="first"}""") == 2);
        HttpResponseMessage refused = await server.Post("/v1/classify", Images.Ppm(3));
        Assert.Contains("2 images", await RunningServer.ErrorOf(refused, HttpStatusCode.ServiceUnavailable));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(1, await server.Metric("""fovea_refused_total{model="first"}"""));
        Assert.All(waiting, task => Assert.False(task.IsCompleted));   // the refusal waited for nobody

        await leave.CancelAsync();   // clients that are gone make room
        await RunningServer.Until(async () => await server.Metric("""fovea_queue_images{model="first"}""") == 0);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(waiting));
        await RunningServer.Until(async () => await server.Metric(
            """fovea_requests_total{endpoint="/v1/classify",status="499"}""") == 2);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_503_and_a_body_that_does_not_come_is_408()
    {
        ServerOptions options = new() { TimeLimit = TimeSpan.FromSeconds(0.5), MaxWait = TimeSpan.FromSeconds(20) };
        await using RunningServer server = await RunningServer.Start(options, runs.First);
        HttpResponseMessage late = await server.Post("/v1/classify", Images.Ppm(1));
        Assert.Contains("0.5 seconds", await RunningServer.ErrorOf(late, HttpStatusCode.ServiceUnavailable));
        string slow = await server.Raw("POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
            + "Content-Length: 1000\r\nConnection: close\r\n\r\nP6");
        Assert.StartsWith("HTTP/1.1 408", slow);
        Assert.Equal(0, await server.Metric("""fovea_queue_images{model="first"}"""));
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("LOCALHOST:1234", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("models.example", 200)]
    [InlineData("evil.example", 421)]
    [InlineData("localhost.evil.example", 421)]
    [InlineData("127.0.0.1.evil.example", 421)]
    [InlineData("10.0.0.1", 421)]
    [InlineData("", 421)]
    public async Task Only_own_names_are_answered_to(string host, int status)
    {
        await using RunningServer server = await RunningServer.Start(new() { Hosts = ["models.example"] }, runs.First);
        string answer = await server.Raw($"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
    }

    [Theory]
    [InlineData("Origin: http://evil.example", 403)]
    [InlineData("Origin: null", 403)]
    [InlineData("Origin: http://localhost", 200)]
    [InlineData("Origin: http://localhost:81", 403)]
    [InlineData("Sec-Fetch-Site: cross-site", 403)]
    [InlineData("Sec-Fetch-Site: same-origin", 200)]
    public async Task Pages_of_other_servers_are_refused(string header, int status)
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        string answer = await server.Raw(
            $"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        Assert.DoesNotContain("Access-Control-Allow", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_token_is_asked_for_where_there_is_one()
    {
        await using RunningServer server = await RunningServer.Start(new() { Token = "geheim" }, runs.First);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/healthz", Stop)).StatusCode);
        foreach (string? header in (string?[])[null, "Bearer wrong", "Bearer", "Basic geheim", "Bearer geheimer"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);
            HttpResponseMessage answer = await server.Client.SendAsync(request, Stop);
            Assert.Contains("token", await RunningServer.ErrorOf(answer, HttpStatusCode.Unauthorized));
            Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        }

        // all that routing takes for a path
        foreach (string path in (string[])["/metrics", "/metrics/", "/METRICS", "/Metrics/", "/%6Detrics", "/V1/models",
            "/v1/models/", "/v1"])
            Assert.Equal((path, HttpStatusCode.Unauthorized),
                (path, (await server.Client.GetAsync(path, Stop)).StatusCode));
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "geheim");
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/models", Stop)).StatusCode);
    }

    [Fact]
    public async Task A_new_best_checkpoint_takes_the_place_of_the_old_one_and_no_request_is_lost()
    {
        string run = runs.CopyOfFirst();
        ServerOptions options = new() { ReloadEvery = TimeSpan.FromMilliseconds(30), MaxBatch = 4 };
        await using RunningServer server = await RunningServer.Start(options, $"m={run}");
        byte[] image = Images.Ppm(9);
        double[] first = [.. TwoRuns.Expected(runs.First, image).OrderDescending()];
        double[] second = [.. TwoRuns.Expected(runs.Second, image).OrderDescending()];
        using CancellationTokenSource enough = new();
        int answered = 0;
        Task[] clients = [.. Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                double[] got = [.. (await RunningServer.Classes(
                    await server.Post("/v1/classify?top=100", image)))[0].Values];
                Assert.True(got.SequenceEqual(first) || got.SequenceEqual(second));
                Interlocked.Increment(ref answered);
            }
        })];
        for (int reload = 1; reload <= 4; reload++)
        {
            TwoRuns.Replace(run, reload % 2 == 1 ? runs.Second : runs.First);
            await RunningServer.Until(async () => clients.Any(client => client.IsFaulted)
                || await server.Metric("""fovea_reloads_total{model="m",success="true"}""") >= reload);
        }

        TwoRuns.Replace(run, runs.Second);
        await RunningServer.Until(async () => await server.Metric(
            """fovea_reloads_total{model="m",success="true"}""") >= 5);
        await enough.CancelAsync();
        await Task.WhenAll(clients);
        Assert.True(answered > 0);
        Assert.Equal(second, (await RunningServer.Classes(await server.Post("/v1/classify?top=100", image)))[0].Values);
        Assert.Equal(answered + 1,
            await server.Metric("""fovea_requests_total{endpoint="/v1/classify",status="200"}"""));
    }

    [Fact]
    public async Task A_damaged_or_missing_checkpoint_leaves_the_model_as_it_is()
    {
        string run = runs.CopyOfFirst();
        await using RunningServer server = await RunningServer.Start(
            new() { ReloadEvery = TimeSpan.FromMilliseconds(30) }, $"m={run}");
        double[] first = [.. TwoRuns.Expected(runs.First, Images.Ppm(9)).OrderDescending()];
        File.WriteAllBytes(TwoRuns.BestOf(run), File.ReadAllBytes(TwoRuns.BestOf(run))[..5000]);
        await RunningServer.Until(() => Task.FromResult(!server.Said.IsEmpty));
        Assert.Contains("'m' goes on with the checkpoint that it has", server.Said.First());
        Assert.Equal(first,
            (await RunningServer.Classes(await server.Post("/v1/classify?top=100", Images.Ppm(9))))[0].Values);
        int said = server.Said.Count;
        File.Delete(TwoRuns.BestOf(run));
        await RunningServer.Until(() => Task.FromResult(server.Said.Count > said));
        await Task.Delay(100, Stop);
        Assert.Equal($"'m' goes on with the checkpoint that it has: there is none at '{run}' any more, or it cannot be "
            + "looked at.", Assert.Single(server.Said.Skip(said)));
        Assert.Equal(first,
            (await RunningServer.Classes(await server.Post("/v1/classify?top=100", Images.Ppm(9))))[0].Values);
        TwoRuns.Replace(run, runs.Second);
        await RunningServer.Until(async () => await server.Metric(
            """fovea_reloads_total{model="m",success="true"}""") == 1);
    }

    [Fact]
    public async Task A_stop_finishes_what_runs_and_takes_nothing_new()
    {
        await using RunningServer server = await RunningServer.Start(
            new() { MaxWait = TimeSpan.FromSeconds(1) }, runs.First);
        Task<HttpResponseMessage>[] running = [.. Enumerable.Range(0, 5)
            .Select(seed => server.Post("/v1/classify?top=100", Images.Ppm(seed)))];
        await RunningServer.Until(async () => await server.Metric("""fovea_queue_images{model="first"}""") == 5);
        await server.Server.StopAsync();
        for (int seed = 0; seed < 5; seed++)
            Assert.Equal(TwoRuns.Expected(runs.First, Images.Ppm(seed)).OrderDescending(),
                (await RunningServer.Classes(await running[seed]))[0].Values);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.GetAsync("/healthz", Stop));
    }

    [Fact]
    public async Task A_port_in_use_is_a_sentence()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        UsageException error = await Assert.ThrowsAsync<UsageException>(() => ModelServer.StartAsync(
            new() { Port = port }, [new NamedModel("m", runs.First, _ => throw new NotSupportedException())], _ => { },
            Stop));
        Assert.Equal("port", error.Field);
        Assert.Contains($"port {port} of 127.0.0.1 is in use", error.Message);
        UsageException foreign = await Assert.ThrowsAsync<UsageException>(() => ModelServer.StartAsync(
            new() { Address = IPAddress.Parse("192.0.2.1") },
            [new NamedModel("m", runs.First, _ => throw new NotSupportedException())], _ => { }, Stop));
        Assert.Equal("listen", foreign.Field);
    }

    [Fact]
    public async Task A_run_that_is_not_there_is_a_sentence() => Assert.Contains("nowhere",
        (await Assert.ThrowsAsync<UsageException>(() => RunningServer.Start(null, "nowhere/at/all"))).Message);

    [Fact]
    public async Task Paths_and_methods_that_are_not_there_are_404_and_405()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        foreach (string path in (string[])["/v1/nothing", "/v1/classify/../../etc/passwd", "/%2e%2e/etc/passwd"])
            Assert.NotEmpty(await RunningServer.ErrorOf(await server.Client.GetAsync(path, Stop),
                HttpStatusCode.NotFound));
        HttpResponseMessage other = await server.Client.GetAsync("/v1/classify", Stop);
        Assert.Equal(["POST"], other.Content.Headers.Allow);
        Assert.Equal("this path takes POST.", await RunningServer.ErrorOf(other, HttpStatusCode.MethodNotAllowed));
        Assert.Equal("this path takes GET.", await RunningServer.ErrorOf(await server.Post("/metrics", []),
            HttpStatusCode.MethodNotAllowed));
        Assert.StartsWith("HTTP/1.1 405 ", await server.Raw(
            "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        Assert.Contains("no model", await RunningServer.ErrorOf(
            await server.Post("/v1/classify?model=../../etc", Images.Ppm(1)), HttpStatusCode.NotFound),
            StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_document_tells_of_every_path_and_of_no_other()
    {
        await using RunningServer server = await RunningServer.Start(new() { Version = "9.8.7" }, runs.First);
        using JsonDocument document = JsonDocument.Parse(await server.Client.GetStringAsync("/openapi.json", Stop));
        Assert.Equal("9.8.7", document.RootElement.GetProperty("info").GetProperty("version").GetString());
        IEnumerable<string> told = document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path =>
            path.Value.EnumerateObject().Select(method => $"{method.Name.ToUpperInvariant()} {path.Name}"));
        Assert.Equal(server.Server.Routes.Order(), told.Order());
    }

    [Fact]
    public async Task The_page_and_the_signs_of_life_are_there()
    {
        await using RunningServer server = await RunningServer.Start(null, runs.First);
        foreach (string path in (string[])["/", "/page.js", "/page.css", "/healthz", "/readyz"])
        {
            HttpResponseMessage answer = await server.Client.GetAsync(path, Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Empty(answer.Headers.Server);
        }
    }

    /// <summary>A stream whose length nobody knows.</summary>
    private sealed class Unsized(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
