namespace Fovea.Plotting.Charts;

/// <summary>One curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Places along the horizontal axis.</param>
/// <param name="Y">Values, as many as <paramref name="X"/>; those that are not finite are gaps.</param>
public sealed record Series(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>A faint line without markers, for noisy per-step values behind the curves that matter.</summary>
    public bool Faint { get; init; }

    /// <summary>
    /// How far values spread, as many as <see cref="Y"/>, or null: a band around a line, a bar through a point without one. Where a spread is
    /// not finite there is none.
    /// </summary>
    public IReadOnlyList<(double Low, double High)>? Spread { get; init; }

    /// <summary>Which point is pointed out by a ring and its value.</summary>
    public BestValue Best { get; init; }

    /// <summary>
    /// Which of the colours, dashes and markers it takes; null takes its place among the chart's curves. A faint curve shares
    /// that of the curve whose detail it shows.
    /// </summary>
    public int? Style { get; init; }
}
