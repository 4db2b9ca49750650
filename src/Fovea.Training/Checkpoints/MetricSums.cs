using System.Text.Json.Serialization;

namespace Fovea.Training.Checkpoints;

/// <summary>Sums over training steps; part of a checkpoint, so that an interrupted epoch reports what it would
/// have.</summary>
public sealed class MetricSums
{
    /// <summary>Sum of the losses of all images.</summary>
    public double LossSum { get; set; }

    /// <summary>Images classified correctly.</summary>
    [JsonPropertyName("right")]
    public long Correct { get; set; }

    /// <summary>Images.</summary>
    public long Count { get; set; }

    /// <summary>Seconds that the steps took, waiting for their images included.</summary>
    public double Seconds { get; set; }

    /// <summary>Sums over all images of what else is measured, by name; null where nothing is.</summary>
    public SortedDictionary<string, double>? Measures { get; set; }

    internal double Loss => LossSum / Count;

    internal double Accuracy => (double)Correct / Count;

    internal double ImagesPerSecond => Count / Math.Max(Seconds, 1e-9);

    internal void Add(double loss, int correct, int count, double seconds) =>
        (LossSum, Correct, Count, Seconds) = (LossSum + loss * count, Correct + correct, Count + count,
            Seconds + seconds);

    internal void Add(IReadOnlyDictionary<string, double> measures)
    {
        Measures ??= [];
        foreach ((string name, double sum) in measures)
            Measures[name] = Measures.GetValueOrDefault(name) + sum;
    }

    /// <summary>Means over the images of what else is measured; null where nothing is.</summary>
    internal IReadOnlyDictionary<string, double>? Means() => Measures is null ? null
        : new SortedDictionary<string, double>(Measures.ToDictionary(entry => entry.Key, entry => entry.Value / Count));

    internal void Clear() => (LossSum, Correct, Count, Seconds, Measures) = (0, 0, 0, 0, null);
}
