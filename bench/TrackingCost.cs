#!/usr/bin/env dotnet
#:project ../src/Fovea.Training/Fovea.Training.csproj
#:property PublishAot=false
#:property TieredPGO=false

// What trackers cost: runs of a preset on drawn shapes with TensorBoard and Weights & Biases, as `fovea train --track tensorboard,wandb` would start them,
// and without, in turn. Processor time is what the whole run took of all cores, so that other programs on the machine disturb it less than seconds.
//
// usage: dotnet run -c Release bench/TrackingCost.cs [PRESET] [ROUNDS] [PICTURES] [STEPS BETWEEN HISTOGRAMS; once an epoch unless given]

using System.Diagnostics;
using Fovea.Data;
using Fovea.Data.Shapes;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

string preset = args.ElementAtOrDefault(0) ?? "vit";
int rounds = int.Parse(args.ElementAtOrDefault(1) ?? "3", null), pictures = int.Parse(args.ElementAtOrDefault(2) ?? "4096", null);
int? histogramEvery = args.ElementAtOrDefault(3) is string every ? int.Parse(every, null) : null;
DatasetSplits data = ShapesDataset.Load(seed: 0, train: pictures, validation: 0, test: 1);
// The runtime compiles the training first. The trackers it compiles in the first round, as in any run.
Measure(Trackers.None, data with { Train = new Subset(data.Train, [.. Enumerable.Range(0, 256)]) });
List<(double Seconds, double Processor)> ratios = [];
for (int round = 0; round < rounds; round++)
{
    (double Seconds, double Processor) tracked = Measure(Trackers.TensorBoard | Trackers.Wandb, data), without = Measure(Trackers.None, data);
    ratios.Add((tracked.Seconds / without.Seconds, tracked.Processor / without.Processor));
    Console.WriteLine($"{preset}, {pictures} pictures: with trackers {tracked.Seconds:F1} s, without {without.Seconds:F1} s; "
        + $"{ratios[^1].Seconds:F3} of the time, {ratios[^1].Processor:F3} of the processor time");
}

Console.WriteLine($"medians: {Median(ratios.Select(ratio => ratio.Seconds)):F3} of the time, {Median(ratios.Select(ratio => ratio.Processor)):F3} of the processor time");

double Median(IEnumerable<double> values) => values.Order().ElementAt(rounds / 2);

(double Seconds, double Processor) Measure(Trackers trackers, DatasetSplits data)
{
    string folder = Directory.CreateTempSubdirectory("fovea-tracking-").FullName;
    try
    {
        Recipe recipe = new()
        {
            Model = new() { Name = preset },
            Optimisation = new() { Epochs = 1, BatchSize = 64 },
            Run = new() { Out = Path.Combine(folder, "run"), Track = trackers, HistogramEvery = histogramEvery, LogEvery = 10 },
        };
        (long start, TimeSpan before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        TrainingRun.Start(recipe, new Silence(), CancellationToken.None, data);
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

internal sealed class Silence : IRunObserver
{
    public void Started(RunPlan plan)
    {
    }

    public void Progressed(in StepProgress progress)
    {
    }

    public void Logged(RunEvent entry)
    {
    }

    public void Finished(RunSummary summary, string directory)
    {
    }
}
