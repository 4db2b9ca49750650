using Fovea.Core.Formats;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Tests.Support;

/// <summary>Writes what a finished cell leaves, without training.</summary>
internal static class FinishedCell
{
    public static void Write(StudyCell cell, double validation, Func<int, bool> right, int images, double seconds = 100)
    {
        int[] labels = [.. Enumerable.Range(0, images).Select(i => i % 2)];
        int[] predicted = [.. labels.Select((label, i) => right(i) ? label : 1 - label)];
        Directory.CreateDirectory(cell.Run.Path);
        File.WriteAllText(cell.Run.Config, RecipeFile.Print(cell.Recipe));
        File.WriteAllText(cell.Run.Summary, JsonText.Document(new RunSummary
        {
            Model = "vit-nano",
            Parameters = 1,
            Dataset = "shapes",
            Epochs = 1,
            Steps = 1,
            BestEpoch = 1,
            BestValAccuracy = validation,
            TestAccuracy = labels.Zip(predicted).Average(pair => pair.First == pair.Second ? 1 : 0),
            ImagesPerSecond = 1,
            PeakMemoryBytes = 1,
            Seconds = seconds,
            Seed = cell.Seed,
            Version = Machine.Version,
        }));
        new TestPredictions(labels, predicted, new float[images]).Write(cell.Run, ["a", "b"]);
    }
}
