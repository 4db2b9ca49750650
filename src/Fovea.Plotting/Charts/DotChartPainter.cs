using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Lays a <see cref="DotChart"/> out and draws it.</summary>
internal sealed class DotChartPainter
{
    private const double Margin = Heading.Margin;
    private const double NameSize = 13;
    private const double TickSize = 12.5;
    private const double DotsHeight = 30;
    private const double NameHeight = 18;
    private const double LegendHeight = 24;
    private const double LargestNameShare = 0.42;
    private const double PixelsPerTick = 64;
    private const double Gap = 12;
    private const int NarrowestWithNamesBeside = 520;

    private readonly DotChart _chart;
    private readonly ICanvas _canvas;
    private readonly Axis _axis;
    private readonly Box _plot;

    public DotChartPainter(DotChart chart, ICanvas canvas)
    {
        _chart = chart;
        _canvas = canvas;
        double names = Math.Min(Widest(chart.Rows.Select(row => row.Name)), LargestNameShare * chart.Width);
        double notes = Widest(chart.Rows.Select(row => row.Note));
        double left = HasNamesAbove(chart) ? 2 * Margin : Math.Ceiling(Margin + names + Gap);
        double right = chart.Width - (HasNamesAbove(chart) ? 2 * Margin : Margin + notes + Gap);
        _plot = new Box(left, Top(chart), Math.Max(40, right - left), chart.Rows.Count * RowHeight(chart));
        double[] shown = [.. chart.Rows.SelectMany(Shown).Where(double.IsFinite)];
        _axis = Axis.ForValues(shown, AxisScale.Linear, chart.Format,
            Math.Clamp((int)(_plot.Width / PixelsPerTick), Ticks.LeastRoom, 10))
                .Thinned(_plot.Width, TickSize, _plot.X, chart.Width - _plot.Right);
    }

    public static int HeightOf(DotChart chart) =>
        (int)Math.Ceiling(Top(chart) + Math.Max(1, chart.Rows.Count) * RowHeight(chart) + TickSize + 14
            + (chart.Label.Length > 0 ? NameSize + 6 : 0) + Margin);

    public void Draw()
    {
        Heading.Draw(_canvas, _chart.Title, _chart.Width);
        if (!_chart.Rows.SelectMany(Shown).Any(double.IsFinite))
        {
            _canvas.Text("no data yet", new Point(_chart.Width / 2.0, Top(_chart) + DotsHeight / 2),
                new TextStyle(15, Ink.Muted, Anchor.Middle));
            return;
        }

        DrawLegend();
        DrawAxis();
        for (int i = 0; i < _chart.Rows.Count; i++)
            DrawRow(_chart.Rows[i], SeriesStyle.Number(i), _plot.Y + (i + 1) * RowHeight(_chart) - DotsHeight / 2);
    }

    private static double Top(DotChart chart) => Heading.Bottom(chart.Title.Length > 0) + LegendHeight;

    /// <summary>True for a narrow chart, which has no room for names beside its rows.</summary>
    private static bool HasNamesAbove(DotChart chart) => chart.Width < NarrowestWithNamesBeside;

    private static double RowHeight(DotChart chart) => DotsHeight + (HasNamesAbove(chart) ? NameHeight : 0);

    private static double Widest(IEnumerable<string> texts) =>
        texts.Select(text => FigureFont.Width(text, NameSize)).DefaultIfEmpty().Max();

    private static IEnumerable<double> Shown(DotRow row) =>
        [.. row.Values, row.Mean, row.Reference, row.Mean - row.Spread, row.Mean + row.Spread];

    private double Place(double value) => _plot.X + _axis.Position(value) * _plot.Width;

    private void DrawLegend()
    {
        Point pen = new(Margin + 5, Top(_chart) - LegendHeight / 2 - 2);
        Entry("mean", at => SeriesStyle.Number(0).DrawMarker(_canvas, at));
        if (_chart.Rows.Any(row => double.IsFinite(row.Spread)))
            Entry("± spread", at => _canvas.ErrorBar(at - new Point(9, 0), at + new Point(9, 0), Ink.Muted), 9);
        if (_chart.Rows.Any(row => row.Values.Count > 1)) Entry("each seed", at => DrawRing(at, Ink.Muted));
        if (_chart.Rows.Any(row => double.IsFinite(row.Reference))) Entry(_chart.ReferenceName, DrawReference);

        void Entry(string name, Action<Point> sample, double half = 5)
        {
            pen += new Point(half, 0);
            sample(pen);
            TextStyle style = new(TickSize, Ink.Muted);
            pen += new Point(half + 6, 0);
            _canvas.Text(name, pen + new Point(0, style.HalfCapital), style);
            pen += new Point(FigureFont.Width(name, TickSize) + (HasNamesAbove(_chart) ? 6 : 14), 0);
        }
    }

    private void DrawAxis()
    {
        double baseline = _plot.Bottom + 9 + TickSize * 0.72;
        foreach ((double tick, string label) in _axis.Ticks.Zip(_axis.Labels))
        {
            double x = Math.Round(Place(tick)) + 0.5;
            foreach ((double top, double bottom) in GridStretches())
                _canvas.Line(new Point(x, top), new Point(x, bottom), new Stroke(Ink.Grid, 1));
            _canvas.Text(label, new Point(x, baseline), new TextStyle(TickSize, Ink.Muted, Anchor.Middle));
        }

        _canvas.Text(_chart.Label, new Point(_plot.Centre.X, baseline + NameSize + 6),
            new TextStyle(NameSize, Ink.Muted, Anchor.Middle));
    }

    /// <summary>The vertical pieces of a grid line: one, or one per row if names stand above their rows.</summary>
    private IEnumerable<(double Top, double Bottom)> GridStretches() => HasNamesAbove(_chart)
        ? Enumerable.Range(1, _chart.Rows.Count).Select(i => _plot.Y + i * RowHeight(_chart))
        .Select(end => (end - DotsHeight + 2, end + 4))
        : [(_plot.Y, _plot.Bottom + 4)];

    private void DrawRow(DotRow row, SeriesStyle style, double y)
    {
        TextStyle note = new(NameSize, Ink.Muted);
        DrawName(row, y);
        if (!double.IsFinite(row.Mean))
        {
            _canvas.Text("no result", new Point(_plot.X + 8, y + note.HalfCapital), note);
        }
        else
        {
            if (double.IsFinite(row.Spread))
                _canvas.ErrorBar(new(Place(row.Mean - row.Spread), y), new(Place(row.Mean + row.Spread), y), style.Ink);
            foreach (double value in row.Values.Where(double.IsFinite))
                DrawRing(new Point(Place(value), y + (row.Values.Count > 1 ? 8 : 0)), style.Ink);
            style.DrawMarker(_canvas, new Point(Place(row.Mean), y));
        }

        if (double.IsFinite(row.Reference)) DrawReference(new Point(Place(row.Reference), y));
    }

    private void DrawName(DotRow row, double y)
    {
        if (HasNamesAbove(_chart))
        {
            double baseline = y - DotsHeight / 2 - 2;
            double room = _chart.Width - 2 * Margin - FigureFont.Width(row.Note, NameSize) - Gap;
            _canvas.Text(FigureFont.Fit(row.Name, NameSize, room), new Point(Margin, baseline),
                new TextStyle(NameSize));
            _canvas.Text(row.Note, new Point(_chart.Width - Margin, baseline),
                new TextStyle(NameSize, Ink.Muted, Anchor.End));
            return;
        }

        TextStyle name = new(NameSize, Anchor: Anchor.End), note = new(NameSize, Ink.Muted);
        _canvas.Text(FigureFont.Fit(row.Name, NameSize, _plot.X - Margin - Gap),
            new Point(_plot.X - Gap, y + name.HalfCapital), name);
        _canvas.Text(row.Note, new Point(_plot.Right + Gap, y + note.HalfCapital), note);
    }

    private void DrawRing(Point at, Ink ink)
    {
        _canvas.FillDisc(at, 3, ink);
        _canvas.FillDisc(at, 1.8, Ink.Ground);
    }

    /// <summary>An upright stroke, taller than any marker.</summary>
    private void DrawReference(Point at)
    {
        _canvas.Line(at - new Point(0, 9), at + new Point(0, 9), new Stroke(Ink.Ground, 5));
        _canvas.Line(at - new Point(0, 9), at + new Point(0, 9), new Stroke(Ink.Text, 2.2));
    }
}
