#!/usr/bin/env dotnet
#:project ../src/Fovea.Training/Fovea.Training.csproj
#:property PublishAot=false
#:property TieredPGO=false

// What trackers cost: whole runs of a preset on drawn shapes with TensorBoard and Weights & Biases and without, in turn. Histograms of all weights and
// gradients are written every 10 steps, which is far more often than once an epoch, the default.
//
// usage: dotnet run -c Release bench/TrackingCost.cs [PRESET] [ROUNDS]

using Fovea.Data;
using Fovea.Data.Shapes;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking;

string preset = args.ElementAtOrDefault(0) ?? "vit";
int rounds = int.Parse(args.ElementAtOrDefault(1) ?? "3", null);
DatasetSplits pictures = ShapesDataset.Load(seed: 0, train: 2048, validation: 0, test: 1);
double[] ratios = [.. Enumerable.Range(0, rounds).Select(_ => Seconds(Trackers.TensorBoard | Trackers.Wandb) / Seconds(Trackers.None)).Order()];
Console.WriteLine($"{preset}: time with trackers / without: {string.Join(", ", ratios.Select(ratio => $"{ratio:F3}"))}; median {ratios[rounds / 2]:F3}");

double Seconds(Trackers trackers)
{
    string folder = Directory.CreateTempSubdirectory("fovea-tracking-").FullName;
    try
    {
        Recipe recipe = new()
        {
            Model = new() { Name = preset },
            Optimisation = new() { Epochs = 1, BatchSize = 64 },
            Run = new() { Out = Path.Combine(folder, "run"), Track = trackers, HistogramEvery = 10, LogEvery = 10 },
        };
        RunSummary summary = TrainingRun.Start(recipe, new Silence(), CancellationToken.None, pictures);
        return pictures.Train.Count / summary.ImagesPerSecond;
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
