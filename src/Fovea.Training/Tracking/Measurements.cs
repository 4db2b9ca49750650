using Fovea.Training.Runs;

namespace Fovea.Training.Tracking;

/// <summary>The numbers of an event under the names that trackers show: grouped by what stands before the
/// slash.</summary>
internal static class Measurements
{
    public static IEnumerable<(string Name, double Value)> Of(RunEvent entry)
    {
        string training = entry.Event == "step" ? "train/" : "epoch/train_";
        (string Name, double? Value)[] all =
        [
            (training + "loss", entry.TrainLoss),
            (training + "accuracy", entry.TrainAccuracy),
            ("val/loss", entry.ValLoss),
            ("val/accuracy", entry.ValAccuracy),
            ("val/map", entry.ValMap),
            ("test/map", entry.TestMap),
            ("test/loss", entry.TestLoss),
            ("test/accuracy", entry.TestAccuracy),
            ("optimisation/lr", entry.Lr),
            ("optimisation/gradient_norm", entry.GradientNorm),
            ("speed/images_per_second", entry.Event == "step" ? entry.ImagesPerSecond : null),
            ("epoch", entry.Epoch),
        ];
        return all.Where(one => one.Value is not null).Select(one => (one.Name, one.Value!.Value))
            .Concat((entry.Measures ?? new Dictionary<string, double>())
                .Select(measure => (training + measure.Key, measure.Value)));
    }
}
