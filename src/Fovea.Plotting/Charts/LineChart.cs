using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Curves, or points, over a common axis: losses, accuracies, learning rates. Points that are not finite are
/// gaps.</summary>
/// <remarks>
/// Curves differ by colour, dashes and markers, so that they can be told apart in black and white. Curves with more
/// points than the figure has pixels are drawn by their extremes per pixel column. Without any point the figure says
/// so.
/// </remarks>
public sealed record LineChart : Figure
{
    /// <inheritdoc/>
    public override int Width => Size.Width;

    /// <inheritdoc/>
    public override int Height => Size.Height;

    /// <summary>Pixels across and down. Default: 720 by 400.</summary>
    public (int Width, int Height) Size { get; init; } = (720, 400);

    /// <summary>The label of the horizontal axis, e.g. <c>epoch</c>.</summary>
    public string XLabel { get; init; } = "";

    /// <summary>The scale of the horizontal axis. On a logarithmic one, points at or below 0 are gaps.</summary>
    public AxisScale XScale { get; init; } = AxisScale.Linear;

    /// <summary>The format of positions on the horizontal axis.</summary>
    public ValueFormat XFormat { get; init; } = ValueFormat.Number;

    /// <summary>True for points without lines: the horizontal axis begins and ends on a tick.</summary>
    public bool Scattered { get; init; }

    /// <summary>Positions that the horizontal axis shows at least, so that charts beside each other begin alike; null:
    /// those of the points.</summary>
    public (double Low, double High)? XSpan { get; init; }

    /// <summary>Positions of the ticks of the horizontal axis, e.g. all that were measured; null: round
    /// numbers.</summary>
    public IReadOnlyList<double>? XTicks { get; init; }

    /// <summary>The label of the vertical axis; empty: none.</summary>
    public string YLabel { get; init; } = "";

    /// <summary>The scale of the vertical axis. On a logarithmic one, points at or below 0 are gaps.</summary>
    public AxisScale YScale { get; init; } = AxisScale.Linear;

    /// <summary>The format of values.</summary>
    public ValueFormat YFormat { get; init; } = ValueFormat.Number;

    /// <summary>Values that the vertical axis shows at least; null: those of the points.</summary>
    public (double Low, double High)? YSpan { get; init; }

    /// <summary>The curves, drawn in this order.</summary>
    public IReadOnlyList<Series> Series { get; init; } = [];

    /// <summary>The chart at a size, plus the height of its legend's rows from the third on.</summary>
    internal LineChart At(int width, int height) =>
        this with
        {
            Size = (width,
            height + (int)Math.Max(0, LineChartPainter.LegendHeight(this, width) - 2 * Legend.RowHeight))
        };

    internal override void Draw(ICanvas canvas) => new LineChartPainter(this, canvas).Draw();
}
