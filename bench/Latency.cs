#!/usr/bin/env dotnet
#:project ../src/Fovea.Export/Fovea.Export.csproj
#:package Microsoft.ML.OnnxRuntime
#:property PublishAot=false

// One image at a time: milliseconds of a compiled forward pass, and of ONNX Runtime with the same model exported; from
// pixels on the host to scores on the host. In turns, and medians of the turns' medians.
//
// usage: dotnet run -c Release bench/Latency.cs [-- --rounds 5 --threads 2 MODEL...]

using System.Diagnostics;
using Fovea.Export;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Models;
using Microsoft.ML.OnnxRuntime;

const double SecondsPerTurn = 1.5;

int rounds = int.Parse(Option("--rounds", "5")), threads = int.Parse(Option("--threads", "2"));
string[] models = [.. args.Where((arg, i) => !arg.StartsWith("--") && (i == 0 || !args[i - 1].StartsWith("--")))];
if (models.Length == 0) models = ["deit_tiny_patch16_224"];

string version = OrtEnv.Instance().GetVersionString();
Console.WriteLine($"| model | ONNX Runtime {version}, ms | fp32, ms | ratio | in the rounds | bf16, ms | ratio "
    + "| int8, ms | ratio |");
Console.WriteLine("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |");
foreach (string name in models) Compare(name);

void Compare(string name)
{
    ModelConfig config = Presets.Find(name).Config;
    Shape shape = [1, config.Channels, config.ImageSize, config.ImageSize];
    Random random = new(0);
    float[] pixels = [.. Enumerable.Range(0, shape.Elements).Select(_ => 2 * random.NextSingle() - 1)];

    string file = Path.Combine(Directory.CreateTempSubdirectory("fovea-latency").FullName, "model.onnx");
    ImageClassifier exported = Build(config, Device.Open("cpu", threads));
    OnnxExport.Write(exported, file, new OnnxOptions());
    using SessionOptions options = new()
    {
        IntraOpNumThreads = threads,
        GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
    };
    using InferenceSession session = new(file, options);
    using RunOptions run = new();
    long[] sizes = [.. shape.Sizes.ToArray().Select(size => (long)size)];
    using OrtValue input = OrtValue.CreateTensorValueFromMemory(pixels, sizes);
    float[] theirs = [];
    void Peer()
    {
        using IDisposableReadOnlyCollection<OrtValue> results =
            session.Run(run, [OnnxExport.InputName], [input], [OnnxExport.OutputName]);
        theirs = results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    Precision[] precisions = [Precision.Fp32, Precision.Bf16, Precision.Int8];
    List<(CompiledPass Pass, float[] Scores)> ours = [];
    foreach (Precision precision in precisions)
    {
        Device device = Device.Open("cpu", threads, precision);
        ImageClassifier model = Build(config, device);
        model.Settle();
        CompiledPass pass = CompiledPass.Compile(model.Forward, shape, device);
        ours.Add((pass, new float[pass.Result.Elements]));
    }

    List<double> peer = [];
    List<double>[] mine = [.. precisions.Select(_ => new List<double>())];
    for (int round = 0; round < rounds; round++)
    {
        for (int i = 0; i < precisions.Length; i++)
            mine[i].Add(Turn(() => ours[i].Pass.TryRun(pixels, ours[i].Scores)));
        peer.Add(Turn(Peer));
    }

    double difference = theirs.Zip(ours[0].Scores, (a, b) => Math.Abs(a - b)).Max();
    if (!(difference < 1e-3)) throw new InvalidDataException($"{name}: scores differ by {difference}.");
    double[] ratios = [.. peer.Zip(mine[0], (other, my) => other / my)];
    double their = Median(peer);
    string fewer = string.Concat(mine[1..].Select(times => $" {Median(times):F2} | **{their / Median(times):F2}** |"));
    Console.WriteLine($"| `{name}` | {their:F2} | {Median(mine[0]):F2} | **{their / Median(mine[0]):F2}** "
        + $"| {ratios.Min():F2} to {ratios.Max():F2} |{fewer}");
    Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
}

static ImageClassifier Build(ModelConfig config, Device device)
{
    ImageClassifier model = config.Build();
    model.Initialize(device, seed: 0);
    model.Train(false);
    return model;
}

static double Turn(Action step)
{
    for (int i = 0; i < 20; i++) step();
    List<double> times = [];
    for (long begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin).TotalSeconds < SecondsPerTurn;)
    {
        long start = Stopwatch.GetTimestamp();
        step();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    return Median(times);
}

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}

static double Median(IEnumerable<double> numbers)
{
    double[] values = [.. numbers.Order()];
    return (values[(values.Length - 1) / 2] + values[values.Length / 2]) / 2;
}
