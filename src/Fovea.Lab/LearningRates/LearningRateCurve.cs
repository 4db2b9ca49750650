namespace Fovea.Lab.LearningRates;

/// <summary>Result of a range test: the loss over the rate, and the rates that it suggests.</summary>
/// <remarks>
/// Losses are smoothed by local lines (Cleveland 1979, doi:10.1080/01621459.1979.10481038) with Gaussian weights over
/// the logarithm of the rate. Unlike a running mean they do not lag behind, which would make every rate look larger
/// than it is, and their slopes are the curve's.
/// </remarks>
public sealed class LearningRateCurve
{
    /// <summary>Standard deviation of the Gaussian weights, in factors of 10 of the rate, and in steps where those are
    /// wide.</summary>
    private const double Decades = 0.3;
    private const double FewestSteps = 2;

    /// <summary>Standard deviations that a fall has to reach, being the largest of many.</summary>
    private const double Deviations = 4;

    private readonly int _first;
    private readonly int _lowest;
    private readonly int _steepest;

    /// <param name="points">In the order of rising rates, which are a geometric series; at least one.</param>
    /// <param name="end">Why the last one is the last.</param>
    public LearningRateCurve(IReadOnlyList<LearningRatePoint> points, TestEnd end)
    {
        Points = points;
        End = end;
        double decadesPerStep = points.Count > 1
            ? Math.Log10(points[^1].LearningRate / points[0].LearningRate) / (points.Count - 1) : 1;
        double width = Math.Max(FewestSteps, Decades / decadesPerStep);
        (double Value, double Slope,
            double Noise)[] lines = [.. Enumerable.Range(0, points.Count).Select(i => LineAt(i, width))];
        Smoothed = [.. lines.Select(line => line.Value)];
        _lowest = IndexOfLowest(Smoothed, 0, points.Count);
        // before that there are losses on one side only, and slopes are noise
        _first = Math.Min((int)Math.Ceiling(2 * width), _lowest);
        _steepest = IndexOfLowest([.. lines.Select(line => line.Slope)], _first, _lowest + 1);
        double start = points.Take(_first + 1).Average(point => point.Loss);
        double noise = Noise(points.Take(Math.Max(_lowest + 1, points.Count / 4)));
        Falls = _lowest > _first
            && start - Smoothed[_lowest] > Deviations * noise * Math.Sqrt(1.0 / (_first + 1) + lines[_lowest].Noise);
    }

    /// <summary>Rates and losses.</summary>
    public IReadOnlyList<LearningRatePoint> Points { get; }

    /// <summary>The loss at each point without its noise.</summary>
    public IReadOnlyList<double> Smoothed { get; }

    /// <summary>Reason of the test's end.</summary>
    public TestEnd End { get; }

    /// <summary>The loss falls by more than its noise. If not, no rate is suggested.</summary>
    public bool Falls { get; }

    /// <summary>The rate at which the smoothed loss falls fastest, per factor of the rate.</summary>
    public double? Steepest => Falls ? Points[_steepest].LearningRate : null;

    /// <summary>The rate with the smallest smoothed loss.</summary>
    public double? Lowest => Falls ? Points[_lowest].LearningRate : null;

    /// <summary>A tenth of <see cref="Lowest"/>: the usual distance from where the loss is about to rise.</summary>
    public double? TenthOfLowest => Lowest / 10;

    /// <summary>
    /// The rate to begin with: <see cref="Steepest"/>, or <see cref="TenthOfLowest"/> where that is larger, because the
    /// loss then fell over so many rates that the place of the steepest fall says little.
    /// </summary>
    public double? Suggestion => Falls ? Math.Max(Steepest!.Value, TenthOfLowest!.Value) : null;

    /// <summary>The loss was still falling at the last rate.</summary>
    public bool EndsFalling => Falls && End == TestEnd.Complete && _lowest == Points.Count - 1;

    /// <summary>Standard deviation of the losses around their trend, from differences of neighbours, which have hardly
    /// any trend (Rice 1984).</summary>
    private static double Noise(IEnumerable<LearningRatePoint> points)
    {
        double[] losses = [.. points.Select(point => point.Loss)];
        return losses.Length < 2 ? 0 : Math.Sqrt(losses.Zip(losses.Skip(1), (a, b) => (b - a) * (b - a)).Average() / 2);
    }

    /// <summary>Value and slope, per step, of the line that fits best around a point, and how much of the losses'
    /// variance is left in the value.</summary>
    private (double Value, double Slope, double Noise) LineAt(int center, double width)
    {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double t0 = 0;
        double t1 = 0;
        double q0 = 0;
        double q1 = 0;
        double q2 = 0;
        int reach = (int)Math.Ceiling(3 * width);
        for (int i = Math.Max(0, center - reach); i <= Math.Min(Points.Count - 1, center + reach); i++)
        {
            double d = i - center;
            double weight = Math.Exp(-d * d / (2 * width * width));
            double loss = Points[i].Loss;
            (s0, s1, s2) = (s0 + weight, s1 + weight * d, s2 + weight * d * d);
            (t0, t1) = (t0 + weight * loss, t1 + weight * d * loss);
            (q0, q1, q2) = (q0 + weight * weight, q1 + weight * weight * d, q2 + weight * weight * d * d);
        }

        double determinant = s0 * s2 - s1 * s1;
        if (determinant <= 1e-9 * s0 * s0) return (t0 / s0, 0, 1);
        double noise = (s2 * s2 * q0 - 2 * s1 * s2 * q1 + s1 * s1 * q2) / (determinant * determinant);
        return ((s2 * t0 - s1 * t1) / determinant, (s0 * t1 - s1 * t0) / determinant, noise);
    }

    private static int IndexOfLowest(IReadOnlyList<double> values, int from, int to)
    {
        int lowest = from;
        for (int i = from; i < to; i++)
            if (values[i] < values[lowest]) lowest = i;
        return lowest;
    }
}
