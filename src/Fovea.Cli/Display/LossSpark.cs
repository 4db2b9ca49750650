namespace Fovea.Cli.Display;

/// <summary>The loss over the run so far in one line of bars.</summary>
/// <param name="width">Characters; 0: nothing is shown.</param>
internal sealed class LossSpark(int width)
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private readonly double[] _sums = new double[width];
    private readonly int[] _counts = new int[width];

    /// <summary>Takes in the loss of a step.</summary>
    /// <param name="loss">The loss of the batch.</param>
    /// <param name="position">The position in the run, 0 to 1.</param>
    public void Add(double loss, double position)
    {
        if (width == 0) return;
        int i = Math.Clamp((int)(position * width), 0, width - 1);
        _sums[i] += loss;
        _counts[i]++;
    }

    /// <summary>A bar for each part of the run that has begun, scaled from the lowest mean loss to the
    /// highest.</summary>
    public override string ToString()
    {
        double[] means = [.. _sums.Zip(_counts).Where(part => part.Second > 0)
            .Select(part => part.First / part.Second)];
        if (means.Length == 0) return "";
        double low = means.Min(), range = Math.Max(means.Max() - low, 1e-9);
        return string.Concat(means.Select(mean => Bars[(int)Math.Round((mean - low) / range * (Bars.Length - 1))]));
    }
}
