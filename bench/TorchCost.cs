#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:project ../src/Fovea.Torch/Fovea.Torch.csproj
#:property PublishAot=false

// What a training step costs on the device `torch`, counted: calls of ATen's operators by name, tensors of libtorch
// made (views and results), and bytes of managed memory. The difference between runs of more and of fewer steps.
//
// usage: dotnet run -c Release bench/TorchCost.cs [--precision fp32|bf16] [MODEL...]

using System.Diagnostics.Metrics;
using Fovea.Lab.Benchmarks;
using Fovea.Tensors;
using Fovea.Torch;

const int Few = 2, Many = 12;

TorchDevices.Register();
Dictionary<string, long> counts = [];
using MeterListener listener = new();
listener.InstrumentPublished = (instrument, hearer) =>
{
    if (instrument.Meter.Name == "Fovea.Torch") hearer.EnableMeasurementEvents(instrument);
};
listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => counts[instrument.Name] = value);
listener.Start();

int at = Array.IndexOf(args, "--precision");
Precision precision = at < 0 ? Precision.Fp32 : Enum.Parse<Precision>(args[at + 1], ignoreCase: true);
string[] models = [.. args.Where((_, i) => at < 0 || i != at && i != at + 1)];
if (models.Length == 0) models = ["vit", "deit_tiny_patch16_224"];
Console.WriteLine("| model | calls by name | tensors made | managed bytes | tensors left |");
Console.WriteLine("| --- | ---: | ---: | ---: | ---: |");
foreach (string model in models)
{
    Count(model, 1);   // compiles
    (long Calls, long Made, long Bytes, long Left) few = Count(model, Few), many = Count(model, Many);
    Console.WriteLine($"| `{model}` | {PerStep(many.Calls - few.Calls):#,0} | {PerStep(many.Made - few.Made):#,0} "
        + $"| {PerStep(many.Bytes - few.Bytes):#,0} | {PerStep(many.Left - few.Left):#,0} |");
}

static double PerStep(long difference) => (double)difference / (Many - Few);

(long Calls, long Made, long Bytes, long Left) Count(string model, int steps)
{
    (long calls, long made, long left) = Read();
    long bytes = GC.GetTotalAllocatedBytes(precise: true);
    Benchmark.Run(new BenchmarkOptions
    {
        Model = model, IsTraining = true, BatchSize = 4, Device = "torch", Precision = precision, Steps = steps,
    });
    bytes = GC.GetTotalAllocatedBytes(precise: true) - bytes;
    GC.Collect();
    GC.WaitForPendingFinalizers();
    (long callsAfter, long madeAfter, long leftAfter) = Read();
    return (callsAfter - calls, madeAfter - made, bytes, leftAfter - left);
}

(long Calls, long Made, long Left) Read()
{
    listener.RecordObservableInstruments();
    return (counts.GetValueOrDefault("operator-calls"), counts.GetValueOrDefault("tensors-made"),
        counts.GetValueOrDefault("tensors-live"));
}
