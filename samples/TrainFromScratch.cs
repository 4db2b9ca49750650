#!/usr/bin/env dotnet
#:project ../src/Fovea.Lab/Fovea.Lab.csproj
#:property PublishAot=false

// A Vision Transformer from scratch on drawn shapes, with the training loop spelled out.
//
// usage: dotnet run samples/TrainFromScratch.cs [-- --quick] [--out DIR]

using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Nn.Schedules;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Vision.Models.Transformers;

bool quick = args.Contains("--quick");
string folder = Array.IndexOf(args, "--out") is >= 0 and int at ? args[at + 1] : "runs/samples/train-from-scratch";
int epochs = quick ? 1 : 5;

// Ten shapes on cluttered grounds, drawn by the program itself. A loader shuffles, normalises and batches.
DatasetSplits shapes = ShapesDataset.Load(seed: 0, train: quick ? 320 : 8_000, validation: quick ? 100 : 1_000,
    test: quick ? 100 : 2_000);
DataLoader training = new(shapes.Train, new LoaderOptions { BatchSize = 32, Shuffle = true });
DataLoader validation = new(shapes.Validation, new LoaderOptions { BatchSize = 100 }),
    test = new(shapes.Test, new LoaderOptions { BatchSize = 100 });

// 64 patches of 4 x 4 pixels and a class token go through 4 blocks.
VisionTransformer model = new(
    new VisionTransformerConfig { ImageSize = 32, PatchSize = 4, Dim = 96, Depth = 4, Heads = 3, MlpDim = 192,
        Classes = 10 });
model.Initialize(Device.Cpu, seed: 0);

// AdamW; the rate rises for an epoch and falls along half a cosine.
AdamW optimizer = new(ParameterGroup.Default(model, weightDecay: 0.05), learningRate: 2e-3);
int steps = epochs * training.BatchesPerEpoch, step = 0;
Schedule schedule = Schedule.WarmUp(training.BatchesPerEpoch,
    new CosineSchedule(Math.Max(1, steps - training.BatchesPerEpoch), 0));

List<double> losses = [], accuracies = [];
for (int epoch = 0; epoch < epochs; epoch++)
{
    model.Train();
    double sum = 0;
    foreach (Batch batch in training.Epoch(epoch))
    {
        using StepScope scope = StepScope.Begin();   // owns the step's tensors
        using Tape tape = Tape.Record();             // records for the backward pass
        Tensor images = Tensor.From(batch.Images.AsSpan(0, batch.Count * 3 * 32 * 32), [batch.Count, 3, 32, 32],
            Device.Cpu);
        Tensor loss = Ops.CrossEntropy(model.Forward(images),
            Tensor.From(batch.Labels.AsSpan(0, batch.Count), [batch.Count], Device.Cpu));
        tape.Backward(loss);
        optimizer.LearningRate = 2e-3 * schedule.Factor(step++);
        optimizer.Step(GradientNorm.Measure(optimizer.Groups).ClipScale(1));
        optimizer.ZeroGradient();
        sum += loss.Item() * batch.Count;
    }

    losses.Add(sum / shapes.Train.Count);
    accuracies.Add(Evaluator.Run(model, validation, 10, Device.Cpu).Top1);
    Console.WriteLine($"epoch {epoch + 1}: loss {losses[^1]:0.000}, validation accuracy {accuracies[^1]:0.0%}");
}

Console.WriteLine($"test accuracy {Evaluator.Run(model, test, 10, Device.Cpu).Top1:0.0%}");

double[] numbers = [.. Enumerable.Range(1, epochs).Select(epoch => (double)epoch)];
LineChart chart = new()
{
    Title = "Validation accuracy",
    XLabel = "epoch",
    YFormat = ValueFormat.Percent,
    Series = [new("a ViT from scratch", numbers, accuracies) { Best = BestValue.Highest }],
};
Directory.CreateDirectory(folder);
File.WriteAllText(Path.Combine(folder, "accuracy.svg"), chart.ToSvg());
File.WriteAllBytes(Path.Combine(folder, "accuracy.png"), chart.ToPng());
