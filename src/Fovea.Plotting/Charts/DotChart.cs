using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>A row of a <see cref="DotChart"/>: one thing that was measured several times.</summary>
/// <param name="Name">The label before the row.</param>
/// <param name="Values">The single measurements.</param>
public sealed record DotRow(string Name, IReadOnlyList<double> Values)
{
    /// <summary>Their mean; not finite: nothing was measured.</summary>
    public double Mean { get; init; } = double.NaN;

    /// <summary>Half the length of the bar around the mean; not finite: no bar.</summary>
    public double Spread { get; init; } = double.NaN;

    /// <summary>A value to compare with, e.g. a published one; not finite: none.</summary>
    public double Reference { get; init; } = double.NaN;

    /// <summary>The text behind the row.</summary>
    public string Note { get; init; } = "";
}

/// <summary>A dot chart: one row per name, with a dot for the mean, a bar for the spread and rings for single
/// values.</summary>
public sealed record DotChart : Figure
{
    /// <inheritdoc/>
    public override int Width => Across;

    /// <inheritdoc/>
    public override int Height => DotChartPainter.HeightOf(this);

    /// <summary>Pixels across. Default: 720.</summary>
    public int Across { get; init; } = 720;

    /// <summary>The axis label; empty: none.</summary>
    public string Label { get; init; } = "";

    /// <summary>The format of values.</summary>
    public ValueFormat Format { get; init; } = ValueFormat.Number;

    /// <summary>The name of <see cref="DotRow.Reference"/> in the legend.</summary>
    public string ReferenceName { get; init; } = "published";

    /// <summary>The rows, from the top down; the colour and marker of each are those of its place.</summary>
    public IReadOnlyList<DotRow> Rows { get; init; } = [];

    internal override void Draw(ICanvas canvas) => new DotChartPainter(this, canvas).Draw();
}
