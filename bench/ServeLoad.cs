#!/usr/bin/env dotnet
#:project ../src/Fovea.Server/Fovea.Server.csproj
#:property PublishAot=false
#:property TieredPGO=false
#:property ConcurrentGarbageCollection=false

// What a server keeps of a model's speed, and how it stands a mixed load.
//
// usage: dotnet run -c Release bench/ServeLoad.cs -- RUN [--clients 64] [--seconds 10] [--rounds 5]
//        dotnet run -c Release bench/ServeLoad.cs -- RUN --mixed MINUTES
//
// The first form takes turns: forward passes alone (32 images at a time, as `fovea bench --mode infer` does them), then
// clients that send one image after the other over HTTP to a server in this process, on the same cores. It prints
// images per second of both and their ratio, and the time of a request: median and 99th percentile. Then a queue of 8
// images is overrun, and the time of the refusals is printed. The second form sends everything at once: classes,
// features, explanations, several images, damaged ones, other content types, clients that leave; every 10 seconds the
// checkpoint is replaced. It prints the memory of the process, and ends with 1 if an answer was not the right one, a
// request was lost, or a connection stays.

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Text;
using System.Text.Json.Nodes;
using Fovea.Server;
using Fovea.Server.Models;
using Fovea.Tensors;
using Fovea.Training.Models;

const string Busy = "busy";   // 503 with Retry-After

string Option(string name, string unless) =>
    Array.IndexOf(args, name) is >= 0 and int at ? args[at + 1] : unless;
int clients = int.Parse(Option("--clients", "64"), null), rounds = int.Parse(Option("--rounds", "5"), null);
double seconds = double.Parse(Option("--seconds", "10"), null), minutes = double.Parse(Option("--mixed", "0"), null);
if (args.Length == 0 || args[0].StartsWith('-'))
{
    Console.WriteLine("usage: dotnet run -c Release bench/ServeLoad.cs -- RUN [--mixed MINUTES]");
    return 2;
}

// A copy, whose checkpoint may be replaced.
string folder = Directory.CreateTempSubdirectory("fovea-load-").FullName, run = Path.Combine(folder, "model");
string best = Path.Combine(args[0], "checkpoints", "best.safetensors");
string source = File.Exists(best) ? best : Path.Combine(args[0], "checkpoints", "last.safetensors");
string served = Path.Combine(run, "checkpoints", "best.safetensors");
Directory.CreateDirectory(Path.GetDirectoryName(served)!);
File.Copy(source, served);
TrainedModel model = TrainedModel.Load(run, Device.Cpu);
byte[][] images = [.. Enumerable.Range(0, 64).Select(seed => Bitmap(seed, model.Model.Config.ImageSize))];
NamedModel named = new("model", run, path => TrainedModel.Load(path, Device.Cpu));
try
{
    return minutes > 0 ? await Mixed() : await Speed();
}
finally
{
    Directory.Delete(folder, recursive: true);
}

async Task<int> Speed()
{
    List<double> ratios = [];
    int side = model.Model.Config.ImageSize;
    float[] pixels = new float[32 * 3 * side * side];
    for (int i = 0; i < pixels.Length; i++) pixels[i] = MathF.Sin(i);
    Offline(pixels, 1);
    for (int round = 0; round < rounds; round++)
    {
        double alone = Offline(pixels, seconds);
        await using ModelServer server = await ModelServer.StartAsync(
            new() { Port = 0 }, [named], Console.WriteLine, CancellationToken.None);
        using HttpClient http = Client(server);
        await Serve(http, 1);   // warm
        (double throughput, double[] times) = await Serve(http, seconds);
        ratios.Add(throughput / alone);
        Console.WriteLine($"alone {alone,8:0} images/s   served {throughput,8:0} images/s   ratio {ratios[^1]:0.000}   "
            + $"median {At(times, 0.5),6:0.0} ms   99 % {At(times, 0.99),6:0.0} ms");
    }

    Console.WriteLine($"median of the ratios: {ratios.Order().ElementAt(ratios.Count / 2):0.000}");
    await Overrun();
    return 0;
}

double Offline(float[] pixels, double seconds)
{
    long start = Stopwatch.GetTimestamp();
    int count = 0;
    while (Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
    {
        model.Scores(pixels, 32);
        count += 32;
    }

    return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
}

async Task<(double PerSecond, double[] Milliseconds)> Serve(HttpClient http, double seconds)
{
    ConcurrentBag<double> times = [];
    long start = Stopwatch.GetTimestamp();
    await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
    {
        for (int i = client; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; i++)
        {
            long sent = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await http.PostAsync("/v1/classify", Image(images[i % images.Length]));
            answer.EnsureSuccessStatusCode();
            await answer.Content.ReadAsByteArrayAsync();
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
    })));
    return (times.Count / Stopwatch.GetElapsedTime(start).TotalSeconds, [.. times.Order()]);
}

async Task Overrun()
{
    await using ModelServer server = await ModelServer.StartAsync(
        new() { Port = 0, Queue = 8, MaxBatch = 8 }, [named], Console.WriteLine, CancellationToken.None);
    using HttpClient http = Client(server);
    ConcurrentBag<double> refused = [];
    int answered = 0, other = 0;
    await Task.WhenAll(Enumerable.Range(0, 256).Select(client => Task.Run(async () =>
    {
        for (int i = 0; i < 20; i++)
        {
            long sent = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await http.PostAsync("/v1/classify?model=model", Image(images[0]));
            if (answer.StatusCode == HttpStatusCode.OK) Interlocked.Increment(ref answered);
            else if (answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter is null)
                Interlocked.Increment(ref other);
            else refused.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
        }
    })));
    double[] times = [.. refused.Order()];
    Console.WriteLine($"256 clients, queue of 8: {answered} answered, {times.Length} refused with Retry-After "
        + $"(median {At(times, 0.5):0.0} ms, 99 % {At(times, 0.99):0.0} ms), {other} other");
}

async Task<int> Mixed()
{
    double[][] expected = new double[images.Length][];
    ConcurrentDictionary<string, int> counts = [], wrong = [];
    ModelServer server = await ModelServer.StartAsync(
        new() { Port = 0 }, [named], Console.WriteLine, CancellationToken.None);
    int port = server.Addresses[0].Port;
    HttpClient http = Client(server);
    for (int i = 0; i < images.Length; i++)
        expected[i] = Probabilities(await (await http.PostAsync("/v1/classify", Image(images[i]))).Content
            .ReadAsStringAsync());
    long start = Stopwatch.GetTimestamp();
    double Elapsed() => Stopwatch.GetElapsedTime(start).TotalMinutes;
    Task[] senders = [.. Enumerable.Range(0, clients).Select(client => Task.Run(async () =>
    {
        Random random = new(client);
        while (Elapsed() < minutes)
        {
            int image = random.Next(images.Length);
            string kind = random.Next(100) switch
            {
                < 70 => "classify", < 80 => "features", < 83 => "explain", < 88 => "several", < 92 => "damaged",
                < 95 => "type", < 97 => "leave", _ => "metrics",
            };
            try
            {
                string? problem = await Send(http, kind, images[image], expected[image]);
                counts.AddOrUpdate(problem == Busy ? "busy" : kind, 1, (_, n) => n + 1);
                if (problem is not null and not Busy) wrong.AddOrUpdate($"{kind}: {problem}", 1, (_, n) => n + 1);
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or IOException)
            {
                wrong.AddOrUpdate($"{kind}: {error.Message}", 1, (_, n) => n + 1);
            }
        }
    }))];
    Task replacer = Task.Run(async () =>
    {
        while (Elapsed() < minutes - 0.05)
        {
            await Task.Delay(TimeSpan.FromSeconds(10));
            string beside = served + ".new";
            File.Copy(source, beside, overwrite: true);
            File.SetLastWriteTimeUtc(beside, DateTime.UtcNow);
            File.Move(beside, served, overwrite: true);
        }
    });
    List<long> memory = [];
    double step = Math.Min(0.5, minutes / 6);
    while (Elapsed() < minutes)
    {
        await Task.Delay(TimeSpan.FromMinutes(step));
        using Process self = Process.GetCurrentProcess();
        memory.Add(self.WorkingSet64 >> 20);
        Console.WriteLine($"{Elapsed(),5:0.0} min   {memory[^1],5} MiB   {counts.Values.Sum(),8} requests   "
            + $"{wrong.Values.Sum()} wrong");
    }

    await Task.WhenAll([.. senders, replacer]);
    string metrics = await http.GetStringAsync("/metrics");
    Console.WriteLine(string.Join('\n', metrics.Split('\n').Where(line => line.StartsWith("fovea_reloads"))));
    http.Dispose();
    await Task.Delay(2_000);
    int open = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
        .Count(connection => connection.LocalEndPoint.Port == port && connection.State == TcpState.Established);
    await server.DisposeAsync();
    foreach ((string kind, int count) in counts.OrderBy(pair => pair.Key)) Console.WriteLine($"{kind,10} {count,9}");
    foreach ((string what, int count) in wrong) Console.WriteLine($"WRONG {count} x {what}");
    Console.WriteLine(
        $"{open} connections left; memory {memory[memory.Count / 3]} MiB after a third, {memory[^1]} MiB at the end");
    // A refusal that says when to come again is right where something else takes the processor, if it is rare.
    return wrong.IsEmpty && open == 0 && 10 * counts.GetValueOrDefault("busy") < counts.Values.Sum() ? 0 : 1;
}

static async Task<string?> Send(HttpClient http, string kind, byte[] image, double[] expected)
{
    switch (kind)
    {
        case "leave":
            using (CancellationTokenSource stop = new(TimeSpan.FromMilliseconds(3)))
            {
                try
                {
                    (await http.PostAsync("/v1/classify", Image(image), stop.Token)).Dispose();
                }
                catch (OperationCanceledException)
                {
                    // As intended.
                }
            }

            return null;
        case "metrics":
            return (await http.GetStringAsync("/metrics")).Contains("fovea_requests") ? null : "no measurements";
        case "damaged":
            return await Expect(http, "/v1/classify", Image(image[..100]), HttpStatusCode.BadRequest);
        case "type":
            return await Expect(
                http, "/v1/classify", new StringContent("<p>", Encoding.UTF8, "text/html"),
                HttpStatusCode.UnsupportedMediaType);
        case "features":
            return await Expect(http, "/v1/features", Image(image), HttpStatusCode.OK);
        case "explain":
            return await Expect(http, "/v1/explain", Image(image), HttpStatusCode.OK);
        case "several":
            using (MultipartFormDataContent form = new()
                { { new ByteArrayContent(image), "a", "a.bmp" }, { new ByteArrayContent(image), "b", "b.bmp" } })
                return await Expect(http, "/v1/classify", form, HttpStatusCode.OK);
        default:
            using (HttpResponseMessage answer = await http.PostAsync("/v1/classify", Image(image)))
            {
                if (answer.StatusCode != HttpStatusCode.OK) return Problem(answer);
                return Probabilities(await answer.Content.ReadAsStringAsync()).SequenceEqual(expected)
                    ? null : "other bits";
            }
    }
}

static string Problem(HttpResponseMessage answer) =>
    answer is { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter: not null } ? Busy
        : answer.StatusCode.ToString();

static async Task<string?> Expect(HttpClient http, string path, HttpContent content, HttpStatusCode status)
{
    using HttpResponseMessage answer = await http.PostAsync(path, content);
    await answer.Content.ReadAsByteArrayAsync();
    return answer.StatusCode == status ? null : Problem(answer);
}

static double[] Probabilities(string json) => [.. JsonNode.Parse(json)!["results"]![0]!["classes"]!.AsArray()
    .Select(one => (double)one!["probability"]!)];

static HttpClient Client(ModelServer server) =>
    new(new SocketsHttpHandler { MaxConnectionsPerServer = 512 }) { BaseAddress = server.Addresses[0] };

static ByteArrayContent Image(byte[] file)
{
    ByteArrayContent content = new(file);
    content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    return content;
}

static double At(double[] sorted, double share) =>
    sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];

static byte[] Bitmap(int seed, int side)
{
    byte[] pixels = new byte[3 * side * side];
    new Random(seed).NextBytes(pixels);
    return [.. Encoding.ASCII.GetBytes($"P6 {side} {side} 255\n"), .. pixels];
}
