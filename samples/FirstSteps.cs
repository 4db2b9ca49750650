#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// The README's example: one epoch of a small Vision Transformer on drawn shapes.
//
// usage: dotnet run samples/FirstSteps.cs [-- --quick]

using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision;
using Fovea.Vision.Models;

int images = args.Contains("--quick") ? 64 : 3_200;
DatasetSplits data = ShapesDataset.Load(seed: 0, train: images, validation: 100, test: 100);
DataLoader loader = new(data.Train, new LoaderOptions { BatchSize = 32, Shuffle = true });
ImageClassifier model = Presets.Find("vit-nano").Config.Build();
model.Initialize(Device.Cpu, seed: 0);
AdamW optimizer = new(ParameterGroup.Default(model, weightDecay: 0.05), learningRate: 1e-3);
foreach (Batch batch in loader.Epoch(0))
{
    using StepScope scope = StepScope.Begin();   // owns the tensors of the step
    using Tape tape = Tape.Record();             // records for the backward pass
    Tensor loss = Ops.CrossEntropy(model.Forward(batch.ToImages(Device.Cpu)), batch.ToLabels(Device.Cpu));
    tape.Backward(loss);
    optimizer.Step();
    optimizer.ZeroGradient();
    Console.WriteLine($"loss {loss.Item():0.000}");
}
