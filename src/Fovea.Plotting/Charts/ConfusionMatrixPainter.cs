using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Lays a <see cref="ConfusionMatrix"/> out and draws it.</summary>
internal sealed class ConfusionMatrixPainter
{
    private const int MostNumbered = 20;
    private const double Margin = Heading.Margin;
    private const double AxisSize = 13;
    private const double NameSize = 12.5;
    private const double Slant = -45;
    private const double ScaleGap = 24;
    private const double ScaleWidth = 14;
    private const double ScaleLabels = 44;
    private const double ScaleFoot = 22;

    private const double SmallestCount = 6.5;

    /// <summary>Shade = share^0.6: keeps confusions of a per cent visible. The scale at the side shows it.</summary>
    private const double ShadePower = 0.6;

    private readonly ConfusionMatrix _matrix;
    private readonly double _cell;
    private readonly double _namesWide;
    private readonly double _namesHigh;
    private readonly double _nameEvery;
    private readonly bool _slanted;
    private readonly Box _grid;

    public ConfusionMatrixPainter(ConfusionMatrix matrix)
    {
        _matrix = matrix;
        int count = matrix.Classes.Count;
        _namesWide = matrix.Classes.Max(name => FigureFont.Width(ShortName(name), NameSize));
        double room = IsNarrow ? matrix.Across - 2 * Margin - _namesWide - 10 : 600;
        double fitting = Math.Max(1, Math.Floor(room / count));
        _cell = IsNarrow ? Math.Min(fitting, 56) : Numbered ? Math.Clamp(fitting, 36, 56) : fitting;
        _slanted = _namesWide > _cell - 4;
        // slanted lines are √2 closer than their names
        _nameEvery = Math.Ceiling((_slanted ? 1.7 : 1.1) * NameSize / _cell);
        _namesHigh = _slanted ? _namesWide * Math.Sqrt(0.5) + NameSize : NameSize + 4;
        double left = Math.Ceiling(Margin + _namesWide + 10);
        _grid = new Box(left, Heading.Bottom(hasTitle: true) + 6 + AxisSize + 12, count * _cell, count * _cell);
    }

    public int Width => (int)Math.Ceiling(IsNarrow ? Math.Max(_grid.Right + Margin, _matrix.Across)
        : Math.Max(_grid.Right + ScaleGap + ScaleWidth + ScaleLabels + Margin,
            2 * Margin + Heading.Width(_matrix.Title)));

    public int Height => (int)Math.Ceiling(LabelBottom + (IsNarrow ? ScaleGap + ScaleWidth + ScaleFoot : 0) + Margin);

    private bool Numbered => _matrix.Classes.Count <= MostNumbered;

    private bool IsNarrow => _matrix.Across > 0;

    private double LongestName => IsNarrow ? 90 : 150;

    /// <summary>The baseline of the label below the names of the columns.</summary>
    private double LabelBottom => _grid.Bottom + 8 + _namesHigh + 8 + AxisSize;

    public void Draw(ICanvas canvas)
    {
        Heading.Draw(canvas, _matrix.Title, Width);
        canvas.Text("true class ↓", new Point(Margin, _grid.Y - 12), new TextStyle(AxisSize, Ink.Muted));
        canvas.Text("predicted class →", new Point(_grid.X, LabelBottom), new TextStyle(AxisSize, Ink.Muted));
        for (int truth = 0; truth < _matrix.Classes.Count; truth++)
        {
            for (int predicted = 0; predicted < _matrix.Classes.Count; predicted++) DrawCell(canvas, truth, predicted);
            if (truth % _nameEvery == 0) DrawNames(canvas, truth);
        }

        DrawGridLines(canvas);
        DrawScale(canvas);
    }

    private string ShortName(string name) => FigureFont.Fit(name, NameSize, LongestName);

    private void DrawCell(ICanvas canvas, int truth, int predicted)
    {
        int count = _matrix.Count(truth, predicted);
        if (count == 0) return;   // most cells of many classes, whose share would be summed for nothing
        double share = _matrix.Share(truth, predicted);
        Box cell = new(_grid.X + predicted * _cell, _grid.Y + truth * _cell, _cell, _cell);
        double shade = Math.Pow(share, ShadePower);
        canvas.Fill(cell, new Paint(Ink.Series1, shade));
        if (!Numbered) return;

        string text = ValueText.Count(count);
        double size = Math.Min(NameSize, NameSize * (_cell - 3) / FigureFont.Width(text, NameSize));
        if (size < SmallestCount) return;   // the shade tells what letters cannot
        TextStyle style = new(size, shade > 0.55 ? Ink.Ground : Ink.Text, Anchor.Middle, Bold: truth == predicted);
        canvas.Text(text, cell.Centre + new Point(0, style.HalfCapital), style);
    }

    private void DrawNames(ICanvas canvas, int index)
    {
        string name = ShortName(_matrix.Classes[index]);
        double middle = (index + 0.5) * _cell;
        TextStyle style = new(NameSize, Ink.Text, Anchor.End);
        canvas.Text(name, new Point(_grid.X - 8, _grid.Y + middle + style.HalfCapital), style);
        Point below = new(_grid.X + middle, _grid.Bottom + 8);
        if (_slanted) canvas.Text(name, below + new Point(1, 1.4) * style.HalfCapital, style with { Angle = Slant });
        else canvas.Text(name, below + new Point(0, NameSize * 0.8), style with { Anchor = Anchor.Middle });
    }

    private void DrawGridLines(ICanvas canvas)
    {
        for (int i = 1; i < _matrix.Classes.Count && Numbered; i++)
        {
            canvas.Line(new Point(_grid.X + i * _cell, _grid.Y), new Point(_grid.X + i * _cell, _grid.Bottom),
                new Stroke(Ink.Grid, 1));
            canvas.Line(new Point(_grid.X, _grid.Y + i * _cell), new Point(_grid.Right, _grid.Y + i * _cell),
                new Stroke(Ink.Grid, 1));
        }

        canvas.Frame(_grid, new Stroke(Ink.Axis, 1));
    }

    /// <summary>The shades from 0 to 100 % of a row: at the side from the bottom up, or below.</summary>
    private void DrawScale(ICanvas canvas)
    {
        const double Step = 4;   // whole pixels, so that no seams show
        double length = Math.Floor(Math.Min(IsNarrow ? Width - 4 * Margin : _grid.Height, 240) / Step) * Step;
        Box scale = IsNarrow ? new(Margin, LabelBottom + ScaleGap, length, ScaleWidth)
            : new(_grid.Right + ScaleGap, _grid.Y, ScaleWidth, length);
        for (double from = 0; from < length; from += Step)
        {
            Paint shade = new(Ink.Series1, Math.Pow((from + Step / 2) / length, ShadePower));
            canvas.Fill(IsNarrow ? new Box(scale.X + from, scale.Y, Step, ScaleWidth)
                : new Box(scale.X, scale.Bottom - from - Step, ScaleWidth, Step), shade);
        }

        canvas.Frame(scale, new Stroke(Ink.Axis, 1));
        double[] marks = length >= 100 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1];
        foreach (double share in marks) DrawScaleMark(canvas, share, scale, length);
    }

    private void DrawScaleMark(ICanvas canvas, double share, Box scale, double length)
    {
        TextStyle style = new(11.5, Ink.Muted);
        string text = $"{share * 100:0} %";
        if (IsNarrow)
        {
            double x = scale.X + share * length;
            canvas.Line(new Point(x, scale.Bottom), new Point(x, scale.Bottom + 4), new Stroke(Ink.Axis, 1));
            canvas.Text(text, new Point(x, scale.Bottom + 7 + 2 * style.HalfCapital),
                style with { Anchor = share == 0 ? Anchor.Start : Anchor.Middle });
            return;
        }

        double y = scale.Bottom - share * length;
        canvas.Line(new Point(scale.Right, y), new Point(scale.Right + 4, y), new Stroke(Ink.Axis, 1));
        canvas.Text(text, new Point(scale.Right + 7, y + style.HalfCapital), style);
    }
}
