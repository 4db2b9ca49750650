#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// Time and memory of one training step (forward and backward) of each attention mechanism, without the projections
// around it, by number of tokens; and the exponent e of a fit time ~ tokens^e over the last decade. A square grid of
// tokens without a class token, dim 128, 8 heads.
//
// usage: dotnet run bench/AttentionCost.cs [--threads N] [--batch N] [--dim N] [--heads N] [--tokens N,N,...]
// [--seconds S] [--figures DIR] [MECHANISM...]

using System.Diagnostics;
using Fovea.Core;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Plotting.Charts;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;

int threads = int.Parse(Option("--threads", "2")), batch = int.Parse(Option("--batch", "1"));
int dim = int.Parse(Option("--dim", "128")), heads = int.Parse(Option("--heads", "8"));
int[] tokens = [.. Option("--tokens", "64,256,1024,4096,16384").Split(',').Select(int.Parse)];
double enough = double.Parse(Option("--seconds", "0.4"));
string[] chosen = [.. args.Where((arg, i) => !arg.StartsWith("--") && (i == 0 || !args[i - 1].StartsWith("--")))];
// Quadratic mechanisms stop where one step takes minutes.
(string Spec, int Most)[] all =
[
    ("softmax", 16384), ("sinkhorn:5", 4096), ("disentangled", 4096), ("softmax:window=2", 16384), ("linear", 16384),
    ("sigmoid", 4096), ("differential", 4096), ("neighborhood:7", 16384), ("swin:7", 16384),
    ("performer", 16384), ("deltanet", 16384), ("gaussian", 16384), ("gaussian:mix=performer", 16384),
    ("performer:window=2", 16384), ("disentangled:mix=performer", 16384), ("deformable", 16384), ("dat", 16384),
    ("dat:mix=performer", 16384),
];
if (chosen.Length > 0) all = [.. chosen.Select(spec => (spec, int.MaxValue))];

Console.WriteLine($"| mechanism | {string.Join(" | ", tokens.Select(n => $"{n:N0}"))} | exponent |");
Console.WriteLine($"| --- |{string.Concat(tokens.Select(_ => " ---: |"))} ---: |");
List<(string Spec, List<(int Tokens, double Seconds, long Bytes)> Costs)> curves = [];
foreach ((string spec, int most) in all)
{
    List<(int Tokens, double Seconds, long Bytes)> measured = [];
    curves.Add((spec, measured));
    Console.Write($"| `{spec}` |");
    foreach (int n in tokens)
    {
        if (n > most)
        {
            Console.Write(" - |");
            continue;
        }

        (double seconds, long bytes) = Measure(spec, n);
        measured.Add((n, seconds, bytes));
        Console.Write($" {seconds * 1e3:G3} ms, {bytes / 1048576.0:G3} MiB |");
    }

    IEnumerable<(int Tokens, double Seconds, long Bytes)> last =
        measured.Where(point => point.Tokens * 17 > measured[^1].Tokens);
    Console.WriteLine(
        $" {Exponent([.. last.Select(point => (point.Tokens, point.Seconds))]):F2} |");
}

if (Option("--figures", "") is { Length: > 0 } figures)
{
    Directory.CreateDirectory(figures);
    Draw("attention-time", "Time of a training step of one attention layer", "milliseconds",
        point => point.Seconds * 1e3);
    Draw("attention-memory", "Memory that it takes beyond its inputs", "MiB", point => point.Bytes / 1048576.0);
}

(double Seconds, long Bytes) Measure(string spec, int n)
{
    int side = (int)Math.Sqrt(n);
    if (side * side != n) throw new ArgumentException($"{n} tokens are no square grid.");
    Device device = Device.CreateCpu(threads);
    AttentionContext context = new() { Dim = dim, Heads = heads, HeadDim = dim / heads, Grid = new(0, side, side) };
    IAttention attention = AttentionCatalogue.Create(spec, context);
    Linear projection = new(dim, attention.ProjectedWidth);
    projection.Initialize(device, 1);
    if (attention is Module module)
    {
        module.Initialize(device, 2);
        module.Context = module.Context with { Random = Philox.For(1, "attention cost", 0) };
    }

    using StepScope outer = StepScope.Begin();
    Tensor x = Normal([batch, n, dim], device, 3), cotangent = Normal([batch, n, dim], device, 4);
    x.RequiresGradient = true;
    Tensor projected;
    projected = projection.Forward(x);
    projected.RequiresGradient = true;
    long before = device.Backend.AllocatedBytes;
    List<double> times = [];
    double total = 0;
    while (times.Count < 3 || (total < enough && times.Count < 200))
    {
        projected.ClearGradient();
        x.ClearGradient();
        long start = Stopwatch.GetTimestamp();
        using (StepScope scope = StepScope.Begin())
        using (Tape tape = Tape.Record())
        {
            AttentionInput input = new(projected, context.Grid, projection, null, x);
            tape.Backward(attention.Finish(input, attention.Forward(input)), cotangent);
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (times.Count > 0 || seconds > 1) total += seconds;
        times.Add(seconds);
        if (total > 20) break;
    }

    times.Sort();
    return (times[times.Count / 2], device.Backend.AllocatedBytes - before);
}

void Draw(string name, string title, string unit, Func<(int Tokens, double Seconds, long Bytes), double> value) =>
    File.WriteAllBytes(Path.Combine(figures, name + ".png"), new LineChart
    {
        Title = title,
        Size = (860, 560),
        XLabel = "tokens",
        YLabel = unit,
        XScale = AxisScale.Logarithmic,
        XTicks = [.. tokens.Select(n => (double)n)],
        YScale = AxisScale.Logarithmic,
        Series = [
            .. curves.Select(curve =>
                new Series(curve.Spec, [.. curve.Costs.Select(point => (double)point.Tokens)],
                    [.. curve.Costs.Select(value)]))],
    }.ToPng());

static Tensor Normal(Shape shape, Device device, ulong stream)
{
    Philox random = new(1, stream);
    float[] values = new float[shape.Elements];
    for (int i = 0; i < values.Length; i++) values[i] = (float)random.Normal((ulong)i);
    return Tensor.From(values, shape, device);
}

static double Exponent((int Tokens, double Seconds)[] points)
{
    if (points.Length < 2) return double.NaN;
    double[] x = [.. points.Select(point => Math.Log(point.Tokens))],
        y = [.. points.Select(point => Math.Log(point.Seconds))];
    double meanX = x.Average(), meanY = y.Average();
    return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
}

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}
