using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>The names of the curves in rows above the plot, where no data can be.</summary>
internal static class Legend
{
    public const double RowHeight = 22;

    private const double Size = 13;
    private const double SampleWidth = 32;
    private const double Gap = 8;
    private const double Between = 22;

    /// <summary>Pixels from the top of the first row to the bottom of the last.</summary>
    public static double Height(IReadOnlyList<Curve> curves, double width) =>
        Place(curves, width).Select(entry => entry.At.Y + RowHeight).DefaultIfEmpty().Max();

    /// <summary>Draws the rows with their top left corner at <paramref name="origin"/>.</summary>
    public static void Draw(ICanvas canvas, IReadOnlyList<Curve> curves, Point origin, double width, bool lines = true)
    {
        foreach ((Curve curve, string name, Point at) in Place(curves, width))
        {
            Point left = origin + at + new Point(2, RowHeight / 2), right = left + new Point(SampleWidth - 4, 0);
            if (lines && curve.HasLine) canvas.Line(left, right, curve.Style.Stroke(curve.Series.Faint));
            if (curve.IsMarked) curve.Style.DrawMarker(canvas, (left + right) * 0.5);
            TextStyle style = new(Size);
            canvas.Text(name, right + new Point(2 + Gap, style.HalfCapital), style);
        }
    }

    private static IEnumerable<(Curve Curve, string Name, Point At)> Place(IReadOnlyList<Curve> curves, double width)
    {
        Point pen = new(0, 0);
        foreach (Curve curve in curves.Where(curve => curve.Series.Name.Length > 0))
        {
            string name = FigureFont.Fit(curve.Series.Name, Size, width - SampleWidth - Gap);
            double entry = SampleWidth + Gap + FigureFont.Width(name, Size);
            if (pen.X > 0 && pen.X + entry > width) pen = new(0, pen.Y + RowHeight);
            yield return (curve, name, pen);
            pen += new Point(entry + Between, 0);
        }
    }
}
