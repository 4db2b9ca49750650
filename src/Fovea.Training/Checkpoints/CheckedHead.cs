using Fovea.Core.Options;
using Fovea.Data;

namespace Fovea.Training.Checkpoints;

/// <summary>Checks of what a checkpoint says of its dataset and position: it may be damaged, or made by
/// anyone.</summary>
internal static class CheckedHead
{
    private const int MostClasses = 1_000_000;

    /// <exception cref="UsageException">Names the member, its value and what it may be.</exception>
    public static void Validate(DatasetInfo data)
    {
        Check.That(data.Name?.Length > 0, "name must not be empty.");
        Check.That(data.Channels is 1 or 3, $"channels must be 1 or 3, got {data.Channels}.");
        Check.Between(1, SizeForms.MostPixels, data.Height, "height");
        Check.Between(1, SizeForms.MostPixels, data.Width, "width");
        IReadOnlyList<string> names = data.ClassNames ?? [];
        Check.Between(1, MostClasses, names.Count, "the number of class_names");
        Check.That(names.All(name => name is not null), "class_names must not hold null.");
        Check.That(data.ClassIds is not { } ids || (ids.Count == names.Count && ids.All(id => id is not null)),
            $"class_ids must be as many as class_names ({names.Count}), got {data.ClassIds?.Count}.");
        Check.That(data.Normalization is { Mean: not null, Std: not null }, "normalization must not be null.");
        Validate(data.Normalization, data.Channels);
    }

    /// <exception cref="UsageException">Names the member, its value and what it may be.</exception>
    public static void Validate(TrainingState state)
    {
        Check.AtLeast(0, state.Epoch, "epoch");
        Check.AtLeast(0, state.Batch, "batch");
        Check.AtLeast(0, state.Step, "step");
        Check.That(state.BestAccuracy is null or (>= 0 and <= 1),
            $"best_accuracy must be 0 to 1, got {state.BestAccuracy}.");
        Check.That(state.BestEpoch is null || (state.BestEpoch >= 1 && state.BestEpoch <= state.Epoch),
            $"best_epoch must be 1 to {state.Epoch}, got {state.BestEpoch}.");
        Seconds(state.Seconds, "seconds");
        Seconds(state.ProcessorSeconds ?? 0, "processor_seconds");
        Validate(state.SinceLog, "since_log");
        Validate(state.ThisEpoch, "this_epoch");
        Validate(state.Total, "total");
    }

    /// <summary>The optimiser's numbers.</summary>
    /// <exception cref="UsageException">One is not finite.</exception>
    public static void Validate(Dictionary<string, double> scalars)
    {
        foreach ((string name, double value) in scalars)
            Check.That(double.IsFinite(value), $"{name} must be finite, got {value}.");
    }

    /// <summary>One mean and one standard deviation for each channel.</summary>
    private static void Validate(Normalization normalization, int channels)
    {
        Check.That(normalization.Mean.Count == channels && normalization.Std.Count == channels,
            $"normalization has {normalization.Mean.Count} means and {normalization.Std.Count} standard deviations for "
                + $"{channels} channel{(channels == 1 ? "" : "s")}.");
        foreach (float mean in normalization.Mean)
            Check.That(float.IsFinite(mean), $"normalization: a mean must be finite, got {mean}.");
        foreach (float std in normalization.Std)
            Check.That(float.IsFinite(std) && std > 0, $"normalization: a deviation must be above 0, got {std}.");
    }

    private static void Validate(MetricSums sums, string name)
    {
        Check.That(sums is not null, $"{name} must not be null.");
        Check.AtLeast(0, sums.Count, $"{name}: count");
        Check.Between(0, sums.Count, sums.Correct, $"{name}: right");
        Check.That(!double.IsNaN(sums.LossSum), $"{name}: loss_sum must be a number.");
        Seconds(sums.Seconds, $"{name}: seconds");
        foreach ((string measure, double sum) in sums.Measures ?? [])
            Check.That(double.IsFinite(sum), $"{name}: {measure} must be finite, got {sum}.");
    }

    private static void Seconds(double value, string name) =>
        Check.That(double.IsFinite(value) && value >= 0, $"{name} must be at least 0, got {value}.");
}
