using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Lays a <see cref="LineChart"/> out and draws it.</summary>
internal sealed class LineChartPainter
{
    private const double Margin = Heading.Margin;
    private const double LabelSize = 13;
    private const double TickSize = 12.5;
    private const double TickLength = 5;
    private const double PixelsPerColumnTick = 48;
    private const double PixelsPerRowTick = 36;
    private const double PixelsPerMarker = 24;

    private readonly LineChart _chart;
    private readonly ICanvas _canvas;
    private readonly IReadOnlyList<Curve> _curves;
    private readonly Axis _positions;
    private readonly Axis _values;
    private readonly Box _plot;
    private readonly double _legendTop;

    public LineChartPainter(LineChart chart, ICanvas canvas)
    {
        _chart = chart;
        _canvas = canvas;
        Point[] points = [.. chart.Series.SelectMany(series => Curve.Finite(series, chart)).OfType<Point>()];
        IEnumerable<double> spreads = chart.Series.SelectMany(series => Curve.Spreads(series, chart))
            .OfType<(Point Low, Point High)>().SelectMany(spread => new[] { spread.Low.Y, spread.High.Y });
        IReadOnlyList<Curve> legend = Unplaced(chart);

        double inner = chart.Width - 2 * Margin;
        _legendTop = Heading.Bottom(chart.Title.Length > 0);
        double top = _legendTop + Legend.Height(legend, inner) + (chart.YLabel.Length > 0 ? LabelSize + 8 : 0) + 8;
        double bottom = chart.Height - Margin - TickSize - 6 - (chart.XLabel.Length > 0 ? LabelSize + 6 : 0);
        _values = Axis.ForValues([.. points.Select(p => p.Y), .. spreads, .. Ends(chart.YSpan, chart.YScale)],
            chart.YScale,
            chart.YFormat,
            MostTicks(bottom - top, PixelsPerRowTick));
        double left = Math.Ceiling(Margin + _values.Labels.Max(label => FigureFont.Width(label, TickSize)) + TickLength
            + 4);
        double[] positions = [.. points.Select(p => p.X), .. Ends(chart.XSpan, chart.XScale)];
        int most = MostTicks(chart.Width - left - Margin - 6, PixelsPerColumnTick);
        _positions = chart.Scattered || chart.XScale == AxisScale.Logarithmic
            ? Axis.ForValues(positions, chart.XScale, chart.XFormat, most)
            : Axis.ForPositions(positions, chart.XFormat, most);
        if (chart.XTicks is { Count: > 0 } ticks) _positions = _positions.With(ticks, chart.XFormat);
        // its last label may stand at the end
        double right = Math.Max(Margin + 6,
            Math.Ceiling(_positions.Labels.Select(label => FigureFont.Width(label, TickSize)).LastOrDefault() / 2) + 4);
        _positions = _positions.Thinned(chart.Width - left - right, TickSize, left, right);
        _plot = new Box(left, Math.Round(top), chart.Width - left - right, Math.Round(bottom) - Math.Round(top));
        _curves = [.. legend.Select(curve => curve with { Runs = Runs(curve.Series) })];
    }

    /// <summary>Pixels that the legend takes in a chart of this width.</summary>
    public static double LegendHeight(LineChart chart, int width) => Legend.Height(Unplaced(chart), width - 2 * Margin);

    public void Draw()
    {
        DrawHeading();
        if (_curves.All(curve => curve.Runs.Count == 0))
        {
            _canvas.Frame(_plot, new Stroke(Ink.Grid, 1));
            _canvas.Text("no data yet", _plot.Centre, new TextStyle(15, Ink.Muted, Anchor.Middle));
            return;
        }

        DrawValueAxis();
        DrawPositionAxis();
        _canvas.Clip(_plot.Grow(8), DrawCurves);
        foreach (Curve curve in _curves) DrawBest(curve);
    }

    /// <summary>The curves without their runs. A crowded curve needs no markers where no other line is there to be told
    /// from.</summary>
    private static Curve[] Unplaced(LineChart chart)
    {
        Curve[] curves = [.. chart.Series
            .Select((series, i) => new Curve(series, SeriesStyle.Number(series.Style ?? i), []))];
        if (curves.Count(curve => curve.HasLine && curve.IsMarked) > 1) return curves;
        return [.. curves.Select(curve =>
            curve with { IsMarked = curve.IsMarked && curve.Series.X.Count <= chart.Width / PixelsPerMarker * 2 })];
    }

    private static IEnumerable<double> Ends((double Low, double High)? span, AxisScale scale) =>
        span is not (double low, double high) ? []
            : new[] { low, high }.Where(end => double.IsFinite(end) && (scale == AxisScale.Linear || end > 0));

    private List<Point[]> Runs(Series series) => Curve.SplitRuns(Curve.Finite(series, _chart).Select(Pixel));

    private static int MostTicks(double room, double each) => Math.Clamp((int)(room / each), Ticks.LeastRoom, 10);

    private Point? Pixel(Point? value) => value is not Point point ? null : new Point(
        _plot.X + _positions.Position(point.X) * _plot.Width, _plot.Bottom - _values.Position(point.Y) * _plot.Height);

    private void DrawHeading()
    {
        Heading.Draw(_canvas, _chart.Title, _chart.Width);
        Legend.Draw(_canvas, _curves, new Point(Margin, _legendTop), _chart.Width - 2 * Margin,
            lines: !_chart.Scattered);
        _canvas.Text(FigureFont.Fit(_chart.YLabel, LabelSize, _chart.Width - 2 * Margin),
            new Point(Margin, _plot.Y - 14), new TextStyle(LabelSize, Ink.Muted));
    }

    private void DrawValueAxis()
    {
        TextStyle style = new(TickSize, Ink.Muted, Anchor.End);
        foreach ((double tick, string label) in _values.Ticks.Zip(_values.Labels))
        {
            double y = Math.Round(_plot.Bottom - _values.Position(tick) * _plot.Height) + 0.5;
            _canvas.Line(new Point(_plot.X, y), new Point(_plot.Right, y), new Stroke(Ink.Grid, 1));
            _canvas.Text(label, new Point(_plot.X - TickLength - 3, y + style.HalfCapital), style);
        }
    }

    private void DrawPositionAxis()
    {
        double y = _plot.Bottom + 0.5, baseline = _plot.Bottom + TickLength + 4 + TickSize * 0.72;
        _canvas.Line(new Point(_plot.X, y), new Point(_plot.Right, y), new Stroke(Ink.Axis, 1));
        foreach ((double tick, string text) in _positions.Ticks.Zip(_positions.Labels))
        {
            double x = Math.Round(_plot.X + _positions.Position(tick) * _plot.Width) + 0.5;
            _canvas.Line(new Point(x, y), new Point(x, y + TickLength), new Stroke(Ink.Axis, 1));
            _canvas.Text(text, new Point(x, baseline), new TextStyle(TickSize, Ink.Muted, Anchor.Middle));
        }

        string label = FigureFont.Fit(_chart.XLabel, LabelSize, _chart.Width - 2 * Margin);
        double half = FigureFont.Width(label, LabelSize) / 2;
        double middle = Math.Clamp(_plot.Centre.X, Margin + half,
            Math.Max(Margin + half, _chart.Width - Margin - half));
        _canvas.Text(label, new Point(middle, baseline + LabelSize + 6),
            new TextStyle(LabelSize, Ink.Muted, Anchor.Middle));
    }

    /// <summary>Bands first, then lines, then markers, so that no line runs over another's marker.</summary>
    private void DrawCurves()
    {
        foreach (Curve curve in _curves) DrawSpread(curve);
        foreach (Curve curve in _curves.OrderByDescending(curve => curve.Series.Faint))
            foreach (Point[] run in curve.Runs) _canvas.Polyline(run, curve.Style.Stroke(curve.Series.Faint));
        foreach (Curve curve in _curves.Where(curve => curve.IsMarked)) DrawMarkers(curve);
    }

    private void DrawSpread(Curve curve)
    {
        List<Point> low = [], high = [];
        foreach ((Point Low, Point High)? spread in Curve.Spreads(curve.Series, _chart).Append(null))
        {
            if (spread is var (from, to))
            {
                low.Add(Pixel(from)!.Value);
                high.Add(Pixel(to)!.Value);
                continue;
            }

            if (low.Count > 1) _canvas.FillBand(high, low, new Paint(curve.Style.Ink, 0.16));
            else if (low.Count == 1) _canvas.ErrorBar(low[0], high[0], curve.Style.Ink);
            low.Clear();
            high.Clear();
        }
    }

    /// <summary>A marker at every point where there is room, and otherwise at some of them.</summary>
    private void DrawMarkers(Curve curve)
    {
        double last = double.NegativeInfinity;
        foreach (Point[] run in curve.Runs)
        {
            foreach (Point point in run)
            {
                // A point between two gaps has no line to be seen by.
                if (run.Length > 1 && Math.Abs(point.X - last) < PixelsPerMarker) continue;
                curve.Style.DrawMarker(_canvas, point);
                last = point.X;
            }
        }
    }

    private void DrawBest(Curve curve)
    {
        if (curve.Best(_chart) is not Point best || Pixel(best) is not Point at) return;
        int digits = _chart.XScale == AxisScale.Logarithmic ? 3 : 6;
        string where = _chart.XLabel.Length > 0 ? $" ({_chart.XLabel} {ValueText.Significant(best.X, digits)})" : "";
        Callout.Draw(_canvas, $"best {ValueText.Value(best.Y, _chart.YFormat)}{where}", at, curve.Style.Ink, _plot,
            _curves);
    }
}
