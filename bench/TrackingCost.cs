#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false
#:property TieredPGO=false

// What trackers cost: a run of a preset on drawn shapes with TensorBoard and Weights & Biases, as `fovea train --track
// tensorboard,wandb` would start it; the seconds that it spent in its trackers, the runtime's compiler included, and
// their share of the run.
//
// usage: dotnet run -c Release bench/TrackingCost.cs [PRESET] [IMAGES] [STEPS BETWEEN HISTOGRAMS; once an epoch unless
// given]

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Training;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

string preset = args.ElementAtOrDefault(0) ?? "vit";
int images = int.Parse(args.ElementAtOrDefault(1) ?? "10000", null);
int? histogramEvery = args.ElementAtOrDefault(2) is string every ? int.Parse(every, null) : null;
double tracking = 0;
using MeterListener listener = new()
{
    InstrumentPublished = (instrument, listener) =>
    {
        if (instrument is { Meter.Name: "Fovea.Training", Name: "tracking" })
            listener.EnableMeasurementEvents(instrument);
    },
};
listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => tracking += seconds);
listener.Start();

string folder = Directory.CreateTempSubdirectory("fovea-tracking-").FullName;
try
{
    Recipe recipe = new()
    {
        Model = new() { Name = preset },
        Optimisation = new() { Epochs = 1, BatchSize = 64 },
        Run = new() { Out = Path.Combine(folder, "run"), Track = Trackers.TensorBoard | Trackers.Wandb,
            HistogramEvery = histogramEvery, LogEvery = 10 },
    };
    DatasetSplits data = ShapesDataset.Load(seed: 0, train: images, validation: 0, test: 1);
    long start = Stopwatch.GetTimestamp();
    TrainingRun.Start(recipe, new Silence(), CancellationToken.None, data);
    double all = Stopwatch.GetElapsedTime(start).TotalSeconds;
    Console.WriteLine(
        $"{preset}, {images} images, histograms "
            + $"{(histogramEvery is int steps ? $"every {steps} steps" : "once an epoch")}: "
        + $"{tracking:F2} s of {all:F1} s in trackers, {100 * tracking / all:F2} %");
}
finally
{
    Directory.Delete(folder, recursive: true);
}

internal sealed class Silence : IRunObserver;
