namespace Fovea.Plotting.Charts;

/// <summary>One curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">The name in the legend; empty: not in the legend.</param>
/// <param name="X">Positions along the horizontal axis.</param>
/// <param name="Y">Values, as many as <paramref name="X"/>; those that are not finite are gaps.</param>
public sealed record Series(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y)
{
    /// <summary>A faint line without markers, for noisy per-step values behind the curves that matter.</summary>
    public bool Faint { get; init; }

    /// <summary>
    /// The ends of each value's spread, as many as <see cref="Y"/>, or null: a band around a line, a bar through a
    /// single point. A spread that is not finite is left out.
    /// </summary>
    public IReadOnlyList<(double Low, double High)>? Spread { get; init; }

    /// <summary>The point with a ring and its value.</summary>
    public BestValue Best { get; init; }

    /// <summary>
    /// The number of its colour, dashes and marker; null: its index among the curves. A faint curve shares the number
    /// of the curve that it belongs to.
    /// </summary>
    public int? Style { get; init; }
}
