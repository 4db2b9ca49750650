using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Charts;

/// <summary>A part of a <see cref="FlameChart"/> and what it is made of.</summary>
/// <param name="Name">The label.</param>
/// <param name="Value">Its share, in the chart's unit; at least the sum of its parts.</param>
/// <param name="Parts">What it is made of, in the order shown.</param>
public sealed record FlamePart(string Name, double Value, IReadOnlyList<FlamePart> Parts)
{
    /// <summary>The text behind the label, where there is room.</summary>
    public string Note { get; init; } = "";
}

/// <summary>A flame chart: what a whole is made of, level by level from the top down; widths are shares.</summary>
public sealed record FlameChart : Figure
{
    /// <inheritdoc/>
    public override int Width => Across;

    /// <inheritdoc/>
    public override int Height => FlameChartPainter.HeightOf(this);

    /// <summary>Pixels across. Default: 1200.</summary>
    public int Across { get; init; } = 1200;

    /// <summary>The whole.</summary>
    public required FlamePart Root { get; init; }

    internal override void Draw(ICanvas canvas) => new FlameChartPainter(this, canvas).Draw();
}
