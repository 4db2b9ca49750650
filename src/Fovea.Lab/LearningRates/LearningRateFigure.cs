using Fovea.Plotting;
using Fovea.Plotting.Charts;

namespace Fovea.Lab.LearningRates;

/// <summary>The image of a range test.</summary>
public static class LearningRateFigure
{
    /// <summary>Loss over rate, with the rates that are suggested; what rises far beyond the first loss is cut
    /// off.</summary>
    /// <param name="curve">Result of the test.</param>
    /// <param name="title">The heading.</param>
    public static LineChart Of(LearningRateCurve curve, string title)
    {
        (double[] rates, double[] losses) = ([.. curve.Points.Select(point => point.LearningRate)],
            [.. curve.Points.Select(point => point.Loss)]);
        double start = curve.Smoothed[0];
        double ceiling = Math.Max(1.15 * start, start + (start - curve.Smoothed.Min()));
        int beyond = curve.Smoothed.TakeWhile(loss => loss < ceiling).Count();
        int shown = Math.Min(beyond + 1, losses.Length);
        return new LineChart
        {
            Title = title,
            XLabel = "learning rate",
            XScale = AxisScale.Logarithmic,
            YLabel = "loss",
            Series =
            [
                new("smoothed loss", rates[..shown],
                    [.. curve.Smoothed.Take(shown).Select(loss => Math.Min(loss, ceiling))]) { Style = 0,
                    Best = curve.Falls ? BestValue.Lowest : BestValue.None },
                .. curve.Falls ? [At(curve, "steepest fall", curve.Steepest!.Value, 1),
                    At(curve, "a tenth of the lowest", curve.TenthOfLowest!.Value, 2)] : Array.Empty<Series>(),
                new("loss of each step", rates[..shown],
                    [.. losses.Take(shown).Select(loss => Math.Min(loss, ceiling))]) { Style = 0, Faint = true },
            ],
        };
    }

    /// <summary>Writes it as <c>find-lr.svg</c> and <c>find-lr.png</c>.</summary>
    /// <returns>Both paths.</returns>
    /// <exception cref="CheckpointException">A file could not be written.</exception>
    public static IReadOnlyList<string> Write(string directory, LineChart figure)
    {
        const string Name = "find-lr";
        FigureFiles.Write(directory, Name, figure);
        return [Path.Combine(directory, $"{Name}.svg"), Path.Combine(directory, $"{Name}.png")];
    }

    /// <summary>A point on the curve.</summary>
    private static Series At(LearningRateCurve curve, string name, double rate, int style)
    {
        int nearest = Enumerable.Range(0, curve.Points.Count)
            .MinBy(i => Math.Abs(Math.Log(curve.Points[i].LearningRate / rate)));
        return new(name, [curve.Points[nearest].LearningRate], [curve.Smoothed[nearest]]) { Style = style };
    }
}
