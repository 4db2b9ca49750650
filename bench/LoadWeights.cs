#!/usr/bin/env dotnet
#:project ../src/Fovea.Vision/Fovea.Vision.csproj
#:property PublishAot=false
#:property ConcurrentGarbageCollection=false

// Seconds and resident memory of loading a file of weights into its model; without a file, one of the model's shapes
// with drawn numbers is made in the temporary folder. A process of its own loads, so that nothing else counts: first
// cold, then as often as asked for, warm.
//
// usage: dotnet run -c Release bench/LoadWeights.cs [--model vit_base_patch16_224] [--file FILE] [--rounds N]

using System.Diagnostics;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

string model = Option("--model", "vit_base_patch16_224");
string file = Option("--file", Path.Combine(Path.GetTempPath(), $"fovea-bench-{model}.safetensors"));
int rounds = int.Parse(Option("--rounds", "5"));

if (args.Contains("--load"))
{
    Load();
    return;
}

if (args.Contains("--make"))
{
    Make();
    return;
}

if (!File.Exists(file)) Again("--make");
long bytes = new FileInfo(file).Length;
Console.WriteLine($"{file}: {bytes / 1048576.0:F1} MiB");
for (int round = 0; round <= rounds; round++)
{
    string[] numbers = Again("--load").Split(' ');
    double seconds = double.Parse(numbers[0]), computing = double.Parse(numbers[1]),
        resident = double.Parse(numbers[2]);
    Console.WriteLine(
        $"{(round == 0 ? "first" : "warm ")}  {seconds:F3} s, of which computing {computing:F3}   peak resident "
            + $"{resident / 1048576:F1} MiB, {resident / bytes:F3} x the file");
}

void Make()
{
    ImageClassifier filled = Presets.Find(model).Config.Build();
    filled.Initialize(Device.Cpu, 1);
    using FileStream stream = File.Create(file);
    Weight[] weights = [.. filled.NamedState().Select(entry => Weight.Of(entry.Name, entry.Tensor.Value))];
    SafetensorsWriter.Write(stream, weights, new Dictionary<string, string> { ["format"] = "pt" });
}

void Load()
{
    using Process process = Process.GetCurrentProcess();
    (Stopwatch watch, TimeSpan before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
    ImageClassifier target = Presets.Find(model).Config.Build();
    using (WeightFile source = WeightFiles.Open(file))
    {
        LoadPlan plan = LoadPlan.Create(target, StateDict.Of(source), file, Device.Cpu, strict: true);
        plan.Initialize(target, Device.Cpu, 1);
    }

    double seconds = watch.Elapsed.TotalSeconds;
    process.Refresh();
    Console.WriteLine($"{seconds:R} {(process.TotalProcessorTime - before).TotalSeconds:R} {process.PeakWorkingSet64}");
    GC.KeepAlive(target);
}

string Again(string what)
{
    ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
    if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
    foreach (string word in (string[])[what, "--model", model, "--file", file]) start.ArgumentList.Add(word);
    using Process process = Process.Start(start)!;
    string output = process.StandardOutput.ReadToEnd().Trim();
    process.WaitForExit();
    return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{what} failed: {output}");
}

string Option(string name, string standard) => Array.IndexOf(args, name) is >= 0 and int at ? args[at + 1] : standard;
