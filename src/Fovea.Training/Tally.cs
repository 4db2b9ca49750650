namespace Fovea.Training;

/// <summary>Sums over training steps; part of a checkpoint, so that an interrupted epoch reports what it would have.</summary>
public sealed class Tally
{
    /// <summary>Sum of the losses of all pictures.</summary>
    public double LossSum { get; set; }

    /// <summary>Pictures classified right.</summary>
    public long Right { get; set; }

    /// <summary>Pictures.</summary>
    public long Count { get; set; }

    /// <summary>Seconds that the steps took.</summary>
    public double Seconds { get; set; }

    internal double Loss => LossSum / Count;

    internal double Accuracy => (double)Right / Count;

    internal double ImagesPerSecond => Count / Math.Max(Seconds, 1e-9);

    internal void Add(double loss, int right, int count, double seconds) =>
        (LossSum, Right, Count, Seconds) = (LossSum + loss * count, Right + right, Count + count, Seconds + seconds);

    internal void Clear() => (LossSum, Right, Count, Seconds) = (0, 0, 0, 0);
}
