using Fovea.Lab.Reports;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.Tests.Reports;

/// <summary>A small run with every part of a report, all its texts the same where that is asked for.</summary>
internal static class Samples
{
    public static ReportContent Run(string? text = null)
    {
        PlanarImage image = new(new byte[3 * 4 * 4], 3, 4, 4);
        return new ReportContent
        {
            Title = text ?? "vit on cifar10",
            Model = text ?? "vit",
            Parameters = 829_322,
            Dataset = text ?? "cifar10",
            Epochs =
            [
                new(1) { TrainLoss = 1.5, TrainAccuracy = 0.4, ValLoss = 1.4, ValAccuracy = 0.5, LearningRate = 1e-3,
                    Seconds = 61 },
                new(2) { TrainLoss = 1.1, TrainAccuracy = 0.6, ValLoss = 1.2, ValAccuracy = 0.625, LearningRate = 5e-4,
                    Seconds = 60 },
                new(3),
            ],
            Steps = [new(0.5, 1.9, 1e-3), new(1, double.NaN, 1e-3), new(1.5, 1.2, 7e-4)],
            TestAccuracy = 0.6,
            TestLoss = 1.25,
            ImagesPerSecond = 842.3,
            PeakMemoryBytes = 1_234_567_890,
            Seconds = 121,
            Seed = 42,
            CommandLine = text ?? "fovea train",
            Predictions = [new(image, text ?? "cat", text ?? "cat", 0.9), new(image, text ?? "cat", text + "dog", 0.6)],
            Confusion = new ConfusionMatrix([text ?? "cat", "dog"], new[,] { { 3, 1 }, { 0, 5 } }),
            Config = text ?? "model: vit\n",
            Environment = [new(text ?? "System", text ?? "Linux")],
        };
    }
}
