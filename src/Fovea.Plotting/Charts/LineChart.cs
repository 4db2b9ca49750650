using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Curves, or points, over a common axis: losses, accuracies, learning rates. Points that are not finite are gaps.</summary>
/// <remarks>
/// Curves differ by colour, dashes and markers, so that they can be told apart in black and white. Curves with more points than
/// the figure has pixels are drawn by their extremes per pixel column. Without any point the figure says so.
/// </remarks>
public sealed record LineChart : Figure
{
    /// <inheritdoc/>
    public override int Width => Size.Width;

    /// <inheritdoc/>
    public override int Height => Size.Height;

    /// <summary>Pixels across and down. Default: 720 by 400.</summary>
    public (int Width, int Height) Size { get; init; } = (720, 400);

    /// <summary>What the horizontal axis counts, e.g. <c>epoch</c>.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>How the horizontal axis is divided. On a logarithmic one, points at or left of 0 are gaps.</summary>
    public AxisScale XScale { get; init; } = AxisScale.Linear;

    /// <summary>How places are written.</summary>
    public ValueFormat XFormat { get; init; } = ValueFormat.Number;

    /// <summary>The horizontal axis begins and ends on a tick and leaves room, as points without lines want it.</summary>
    public bool Scattered { get; init; }

    /// <summary>What the vertical axis measures; empty when the title says it.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>How the vertical axis is divided. On a logarithmic one, points at or below 0 are gaps.</summary>
    public AxisScale YScale { get; init; } = AxisScale.Linear;

    /// <summary>How values are written.</summary>
    public ValueFormat YFormat { get; init; } = ValueFormat.Number;

    /// <summary>The curves, drawn in this order.</summary>
    public IReadOnlyList<Series> Series { get; init; } = [];

    /// <summary>The chart at a size, and higher by what its legend needs beyond two rows.</summary>
    internal LineChart At(int width, int height) =>
        this with { Size = (width, height + (int)Math.Max(0, LineChartPainter.LegendHeight(this, width) - 2 * Legend.RowHeight)) };

    internal override void Draw(ICanvas canvas) => new LineChartPainter(this, canvas).Draw();
}
