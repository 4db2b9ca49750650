#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// How a step would scale with the number of workers. SIMULATED: one thread computes all parts of all loops, cut as for
// so many workers, and times each; a greedy schedule then gives each part, in order, to the worker that is free first,
// and adds the cost of handing out a loop. Caches and memory that workers share are not in it, so real machines do
// less.
//
// usage: dotnet run -c Release bench/Schedule.cs -- [--batch N] [--mode train|infer] [--workers N,N,...] [--steps N]
// [--barrier NS] [--loops] [MODEL]

using System.Diagnostics;
using Fovea.Core;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Tensors.Backends.Cpu;
using Fovea.Tensors.Backends.Profiling;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;

int batch = int.Parse(Option("--batch", "128")), steps = int.Parse(Option("--steps", "3"));
bool isTraining = Option("--mode", "train") == "train";
int[] workers = [.. Option("--workers", "1,2,8,16,32,64").Split(',').Select(int.Parse)];
string name = args.Where((arg, i) => !arg.StartsWith("--")
    && (i == 0 || !args[i - 1].StartsWith("--") || args[i - 1] == "--loops"))
    .FirstOrDefault("vit");
double barrier = double.Parse(Option("--barrier", "0"));
if (barrier == 0) barrier = PeakMeasurement.LoopNanoseconds(Math.Min(2, Environment.ProcessorCount));

Console.WriteLine($"{name}, batch {batch}, {(isTraining ? "train" : "infer")}: SIMULATED schedules of parts measured "
    + $"on one thread (the fastest of {steps}), {barrier:0} ns per loop handed out (measured with 2 threads).");
List<Dictionary<string, Operator>> schedules = [.. workers.Select(Measure)];
Dictionary<string, Operator> alone = schedules[0];
double whole = alone.Values.Sum(one => one.Serial + one.Work);
Console.WriteLine();
Console.WriteLine($"| operator | ms | share | {string.Join(" | ", workers.Select(n => $"x{n}"))} | parts of loops |");
Console.WriteLine($"| --- | ---: | ---: |{string.Concat(workers.Select(_ => " ---: |"))} --- |");
foreach ((string key, Operator first) in alone.OrderByDescending(one => one.Value.Serial + one.Value.Work))
{
    double time = first.Serial + first.Work;
    if (time < whole / 1000 && schedules[^1][key].Time < schedules[^1].Values.Sum(one => one.Time) / 200) continue;
    Print(key, time, schedules.Select(schedule => schedule[key].Time), schedules[^1][key].Loops);
    if (!args.Contains("--loops")) continue;
    foreach (string line in schedules[^1][key].Details(workers[^1], barrier)) Console.WriteLine(line);
}

Print("whole step", whole, schedules.Select(schedule => schedule.Values.Sum(one => one.Time)), "");
Print("the same, cut as for one worker", whole, workers.Select(n => alone.Values.Sum(one => one.TimeWith(n, barrier))),
    "");

void Print(string key, double time, IEnumerable<double> times, string loops) => Console.WriteLine(
    $"| {key} | {time / 1e6:0.00} | {100 * time / whole:0.0} % | "
    + $"{string.Join(" | ", times.Select(other => $"{time / other:0.0}"))} | {loops} |");

Dictionary<string, Operator> Measure(int threads)
{
    ProfilingBackend backend = new(Device.CreateCpu(threads).Backend) { IsPartwise = true };
    Device device = new("cpu", backend);
    ModelConfig config = Presets.Find(name).Config;
    if (config.Classes == 0) config = config with { Classes = 10 };
    ImageClassifier model = config.Build();
    model.Initialize(device, seed: 0);
    model.Train(isTraining);
    if (!isTraining) model.Settle();
    Shape shape = [batch, config.Channels, config.ImageSize, config.ImageSize];
    Philox random = new(0, 0);
    float[] pixels = [.. Enumerable.Range(0, shape.Elements).Select(i => random.Uniform((ulong)i, -1, 1))];
    Tensor images = Tensor.From(pixels, shape, device).Keep();
    Tensor labels = Tensor.From([.. Enumerable.Range(0, batch).Select(i => i % config.Classes)], [batch], device)
        .Keep();
    Optimizer? optimizer = isTraining ? OptimisationChoice.Optimizer(new OptimisationSection(), model) : null;
    List<ProfiledCall[]> measured = [];
    for (int step = 0; step <= steps; step++)
    {
        backend.Clear();
        backend.IsOn = true;
        using (StepScope.Begin())
        {
            if (optimizer is null)
            {
                model.Forward(images);
            }
            else
            {
                using Tape tape = Tape.Record();
                tape.Backward(Ops.CrossEntropy(model.Forward(images), labels));
                optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
                optimizer.ZeroGradient();
            }
        }

        backend.IsOn = false;
        if (step > 0) measured.Add([.. backend.Calls]);   // the first compiles, and fills the pool of buffers
    }

    Operator between = new();
    Dictionary<string, Operator> operators = new() { ["between operators"] = between };
    ProfiledCall[] calls = measured[0];
    for (int i = 0; i < calls.Length; i++)
    {
        if (i > 0) between.Serial += measured.Min(step => Nanoseconds(step[i].Begin - step[i - 1].End));
        if (!operators.TryGetValue(calls[i].Name, out Operator? one)) operators[calls[i].Name] = one = new();
        // Of each part the fastest: what interrupted one run did not interrupt the others.
        double[][] loops = [.. calls[i].Loops!.Select((loop, l) => loop.Select((_, part) =>
            measured.Min(step => Nanoseconds(step[i].Loops![l][part]))).ToArray())];
        double serial = measured.Min(step => Nanoseconds(step[i].End - step[i].Begin
            - step[i].Loops!.Sum(loop => loop.Sum())));
        one.Add(serial, loops, threads, threads == 1 ? 0 : barrier);
    }

    return operators;
}

double Nanoseconds(long ticks) => ticks * 1e9 / Stopwatch.Frequency;

string Option(string option, string standard)
{
    int index = Array.IndexOf(args, option);
    return index >= 0 ? args[index + 1] : standard;
}

/// <summary>All calls of an operator in a step.</summary>
internal sealed class Operator
{
    private readonly List<int> _parts = [];
    private readonly List<double[]> _loops = [];

    /// <summary>Nanoseconds outside of loops.</summary>
    public double Serial { get; set; }

    /// <summary>Nanoseconds of all parts.</summary>
    public double Work { get; private set; }

    /// <summary>Nanoseconds with all workers.</summary>
    public double Time { get => field + Serial; private set; }

    /// <summary>Fewest and most parts of its loops that take any time.</summary>
    public string Loops => _parts.Count == 0 ? "" : _parts.Min() == _parts.Max() ? $"{_parts.Min()}"
        : $"{_parts.Min()} to {_parts.Max()}";

    public void Add(double serial, double[][] loops, int workers, double barrier)
    {
        Serial += serial;
        double time = Time - Serial;
        foreach (double[] loop in loops)
        {
            Work += loop.Sum();
            _parts.Add(loop.Length);
            _loops.Add(loop);
            time += TimeOf(loop, workers, barrier);
        }

        Time = time;
    }

    /// <summary>Loops of the same number of parts: how many, their work, and how well workers are used.</summary>
    public IEnumerable<string> Details(int workers, double barrier) => _loops.GroupBy(loop => loop.Length)
        .OrderByDescending(group => group.Sum(loop => TimeOf(loop, workers, barrier)))
        .Select(group =>
            $"    {group.Count()} loops of {group.Key} parts: work {group.Sum(loop => loop.Sum()) / 1e6:0.00} "
            + $"ms, time {group.Sum(loop => TimeOf(loop, workers, barrier)) / 1e6:0.000} ms, x"
            + $"{group.Sum(loop => loop.Sum()) / group.Sum(loop => TimeOf(loop, workers, barrier)):0.0}, longest part "
            + $"{group.Max(loop => loop.Max()) / group.Average(loop => loop.Average()):0.0} of the mean");

    /// <summary>Nanoseconds with another number of workers and the same parts.</summary>
    public double TimeWith(int workers, double barrier) => Serial + _loops.Sum(loop => TimeOf(loop, workers, barrier));

    private static double TimeOf(double[] loop, int workers, double barrier) =>
        workers > 1 && loop.Length > 1 ? Greedy(loop, workers) + barrier : loop.Sum();

    /// <summary>When the last part ends, if each goes to the worker that is free first.</summary>
    private static double Greedy(double[] parts, int workers)
    {
        PriorityQueue<int, double> free = new(Enumerable.Range(0, workers).Select(worker => (worker, 0.0)));
        double last = 0;
        foreach (double part in parts)
        {
            free.TryDequeue(out int worker, out double from);
            last = Math.Max(last, from + part);
            free.Enqueue(worker, from + part);
        }

        return last;
    }
}
