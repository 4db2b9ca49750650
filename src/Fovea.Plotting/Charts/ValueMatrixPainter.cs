using System.Globalization;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>Lays a <see cref="ValueMatrix"/> out and draws it.</summary>
internal sealed class ValueMatrixPainter
{
    private const double Margin = Heading.Margin;
    private const double NameSize = 12.5;
    private const double NoteSize = 13;
    private const double LineHeight = 18;
    private const double SmallestValue = 8.5;
    private const double Room = 760;
    private const double LeastWidth = 480;
    private const double Gap = 2;
    private const double ScaleHeight = 12;
    private const double Slant = -45;

    private readonly ValueMatrix _matrix;
    private readonly Box _grid;
    private readonly (double Wide, double High) _cell;
    private readonly double _namesWide, _namesHigh, _largest, _smallest;
    private readonly bool _slanted;

    public ValueMatrixPainter(ValueMatrix matrix)
    {
        _matrix = matrix;
        double[] finite = [.. All().Where(double.IsFinite)];
        _largest = Math.Max(matrix.Largest ?? 0, finite.Append(0).Max());
        _smallest = finite.Append(0).Min();
        _namesWide = Math.Max(matrix.Rows.Max(name => FigureFont.Width(name, NameSize)),
            FigureFont.Width(matrix.RowLabel, NameSize));
        double columnNames = matrix.Columns.Max(name => FigureFont.Width(name, NameSize));
        double values = All().Max(value => FigureFont.Width(Text(value), NameSize)) + 10;
        double fitting = Math.Floor((Room - _namesWide) / matrix.Columns.Count);
        double wide = Math.Max(14, Math.Min(fitting, Math.Max(values, Math.Min(columnNames + 8, 64))));
        _cell = (wide, Math.Clamp(wide, 18, 28));
        _slanted = columnNames > wide - 2;
        _namesHigh = _slanted ? columnNames * Math.Sqrt(0.5) + NameSize : NameSize + 6;
        double left = Math.Ceiling(Margin + _namesWide + 10);
        double top = Heading.Bottom(matrix.Title.Length > 0) + Lines().Count * LineHeight + _namesHigh
            + (matrix.ColumnLabel.Length > 0 ? LineHeight : 0);
        _grid = new Box(left, Math.Ceiling(top), matrix.Columns.Count * wide, matrix.Rows.Count * _cell.High);
    }

    public int Width => (int)Math.Ceiling(Math.Max(LeastWidth, Math.Max(_grid.Right + Overhang + Margin,
        2 * Margin + Heading.Width(_matrix.Title))));

    public int Height => (int)Math.Ceiling(_grid.Bottom + 16 + ScaleHeight + 18 + Margin);

    /// <summary>The part of the last slanted name that lies beyond the grid.</summary>
    private double Overhang => _slanted ? Math.Max(0, _namesHigh - _cell.Wide / 2) : 0;

    private double Deepest => Math.Max(Math.Max(_largest, -_smallest), double.Epsilon);

    public void Draw(ICanvas canvas)
    {
        Heading.Draw(canvas, _matrix.Title, Width);
        double y = Heading.Bottom(_matrix.Title.Length > 0) + NoteSize * 0.8;
        foreach (string line in Lines())
        {
            canvas.Text(line, new Point(Margin, y), new TextStyle(NoteSize, Ink.Muted));
            y += LineHeight;
        }

        TextStyle label = new(NameSize, Ink.Muted);
        canvas.Text(_matrix.ColumnLabel, new Point(_grid.X, _grid.Y - _namesHigh - 4), label);
        canvas.Text(_matrix.RowLabel, new Point(_grid.X - 10, _grid.Y - 8), label with { Anchor = Anchor.End });
        DrawColumnNames(canvas);
        for (int row = 0; row < _matrix.Rows.Count; row++) DrawRow(canvas, row);
        DrawScale(canvas);
    }

    private void DrawColumnNames(ICanvas canvas)
    {
        double needed = _slanted ? 1.5 * NameSize : 0;
        int every = (int)Math.Max(1, Math.Ceiling(needed / _cell.Wide));
        for (int column = 0; column < _matrix.Columns.Count; column += every)
        {
            Point foot = new(_grid.X + (column + 0.5) * _cell.Wide, _grid.Y - 7);
            TextStyle style = new(NameSize, Anchor: _slanted ? Anchor.Start : Anchor.Middle,
                Angle: _slanted ? Slant : 0);
            canvas.Text(_matrix.Columns[column], foot, style);
        }
    }

    private void DrawRow(ICanvas canvas, int row)
    {
        double top = _grid.Y + row * _cell.High;
        TextStyle name = new(NameSize, Anchor: Anchor.End);
        canvas.Text(_matrix.Rows[row], new Point(_grid.X - 10, top + _cell.High / 2 + name.HalfCapital), name);
        for (int column = 0; column < _matrix.Columns.Count; column++)
        {
            double value = _matrix.At(row, column);
            Box cell = new(_grid.X + column * _cell.Wide, top, _cell.Wide - Gap, _cell.High - Gap);
            double shade = double.IsFinite(value) ? Math.Min(1, Math.Abs(value) / Deepest) : 0;
            canvas.Fill(cell, new Paint(Ink.Grid, 0.35));
            canvas.Fill(cell, Shade(value < 0, shade));
            string text = Text(value);
            double size = Math.Min(NameSize, NameSize * (cell.Width - 4) / FigureFont.Width(text, NameSize));
            if (size < SmallestValue) continue;
            TextStyle style = new(size, shade > 0.55 ? Ink.Ground : Ink.Text, Anchor.Middle);
            canvas.Text(text, cell.Centre + new Point(0, style.HalfCapital), style);
        }
    }

    /// <summary>From the smallest value (or 0) to the largest.</summary>
    private void DrawScale(ICanvas canvas)
    {
        const double Step = 4, Length = 200;
        TextStyle style = new(NameSize, Ink.Muted);
        string low = Text(_smallest);
        // whole pixels, so that no seams show
        double top = Math.Ceiling(_grid.Bottom + 16);
        double left = Math.Ceiling(_grid.X + FigureFont.Width(low, NameSize) + 8);
        canvas.Text(low, new Point(_grid.X, top + ScaleHeight / 2 + style.HalfCapital), style);
        for (double at = 0; at < Length; at += Step)
        {
            double value = _smallest + (at + Step / 2) / Length * (_largest - _smallest);
            Box piece = new(left + at, top, Step, ScaleHeight);
            canvas.Fill(piece, new Paint(Ink.Grid, 0.35));
            canvas.Fill(piece, Shade(value < 0, Math.Min(1, Math.Abs(value) / Deepest)));
        }

        canvas.Text(Text(_largest), new Point(left + Length + 8, top + ScaleHeight / 2 + style.HalfCapital), style);
        if (_smallest >= 0 || _largest <= 0) return;
        double zero = left + Length * -_smallest / (_largest - _smallest);
        canvas.Polyline([new Point(zero, top - 3), new Point(zero, top + ScaleHeight + 3)], new Stroke(Ink.Axis, 1));
        canvas.Text("0", new Point(zero, top + ScaleHeight + 6 + 2 * style.HalfCapital),
            style with { Anchor = Anchor.Middle });
    }

    private static Paint Shade(bool negative, double share) => new(negative ? Ink.Series2 : Ink.Series1, share);

    /// <summary>All with as many decimals.</summary>
    private string Text(double value)
    {
        if (!double.IsFinite(value)) return "";
        if (_matrix.Format == ValueFormat.Percent) return Rounded(100 * value, 1) + " %";
        return Deepest >= 100 ? Rounded(value, 0) : Deepest >= 0.1 ? Rounded(value, 2) : Rounded(value, 4);
    }

    /// <summary>No sign before a 0.</summary>
    private static string Rounded(double value, int decimals) =>
        (Math.Round(value, decimals) + 0.0).ToString($"F{decimals}", CultureInfo.InvariantCulture).Replace('-', '−');

    private IEnumerable<double> All() => Enumerable.Range(0, _matrix.Rows.Count)
        .SelectMany(row => Enumerable.Range(0, _matrix.Columns.Count).Select(column => _matrix.At(row, column)));

    /// <summary>The note, word by word, in lines that fit.</summary>
    private List<string> Lines()
    {
        List<string> lines = [];
        double room = Math.Max(LeastWidth - 2 * Margin,
            _matrix.Columns.Count * _cell.Wide + _namesWide);
        foreach (string word in _matrix.Note.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (lines.Count > 0 && FigureFont.Width($"{lines[^1]} {word}", NoteSize) <= room) lines[^1] += $" {word}";
            else lines.Add(word);
        }

        return lines;
    }
}
