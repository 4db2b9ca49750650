#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// DINOv2 as a feature extractor: load weights, turn images into features, classify by the nearest neighbours of a
// training set.
//
// usage: dotnet run samples/DinoFeatures.cs [-- [WEIGHTS [FOLDER]] [--quick]]
//
// WEIGHTS: a file of DINOv2's (dinov2_vits14_pretrain.pth, or timm's or Hugging Face's); without it one of the same
// form with random values is made, to show the way: the accuracy is then that of random features. FOLDER: images, a
// folder per class; without it drawn shapes.

using Fovea.Core.Files;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

bool quick = args.Contains("--quick");
string[] files = [.. args.Where(arg => !arg.StartsWith("--"))];
string weights = files.Length > 0 ? files[0] : MakeRandomWeights("runs/samples/dinov2_vits14_random.safetensors");
DatasetSplits images = files.Length > 1
    ? DatasetCatalogue.Load("folder", files[1])
    : DatasetCatalogue.Load("shapes",
        options: new DatasetOptions { TrainLimit = quick ? 20 : 300, EvaluationLimit = quick ? 10 : 100 });

// The file tells which model it is of. DINOv2 was trained at 518 pixels; its positions are resampled to 112, 8 x 8
// patches.
FrozenModel dino = FrozenModel.Load(weights, model: null, Device.Cpu, imageSize: quick ? 56 : 112);
Console.WriteLine($"{dino.Recipe.Model.Name} with the weights of {dino.Path}");

FeatureSet training = dino.Extract(images.Train, batchSize: 32), test = dino.Extract(images.Test, batchSize: 32);
Console.WriteLine(
    $"{training.Count} training and {test.Count} test images of {images.Info.Name}: {training.Dim} features each");

int[] neighbours = [1, 5, 20];
IReadOnlyList<double> accuracies = NearestNeighbours.Accuracies(training, test, neighbours, temperature: 0.07,
    Device.Cpu);
foreach ((int k, double accuracy) in neighbours.Zip(accuracies)) Console.WriteLine($"k = {k}: {accuracy:0.0%} right");
Console.WriteLine($"guessing: {1.0 / images.Info.Classes:0.0%}");

// A model with first values, written under timm's names.
static string MakeRandomWeights(string path)
{
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    ImageClassifier model = Presets.Find("dinov2_vits14").Config.Build();
    model.Initialize(Device.Cpu, seed: 0);
    Weight[] tensors = [.. model.NamedParameters().Select(entry => Weight.Of(entry.Name, entry.Parameter.Value))];
    AtomicFile.Write(path, stream =>
        SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" }));
    return path;
}
