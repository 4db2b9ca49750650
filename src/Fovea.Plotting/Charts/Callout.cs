using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Charts;

/// <summary>A short text beside a point, at the candidate that hides least.</summary>
internal static class Callout
{
    private const double Size = 12.5;
    private const double Away = 11;

    /// <summary>Rings the point and writes the text next to it, inside the plot and away from the curves.</summary>
    public static void Draw(ICanvas canvas, string text, Point at, Ink ink, Box plot, IReadOnlyList<Curve> curves)
    {
        canvas.FillDisc(at, 7.5, new Paint(ink, 0.25));
        Point[] ring = Drawing.Circle(at, 7.5);
        canvas.Polyline([.. ring, ring[0]], new Stroke(ink, 1.5));
        Box best = Candidates(at, FigureFont.Width(text, Size)).Select(box => Beside(box, plot))
            .MinBy(box => Badness(box, plot, curves));
        TextStyle style = new(Size, ink, Bold: true, Anchor: Anchor.Middle, Halo: true);
        canvas.Text(text, best.Centre + new Point(0, style.HalfCapital), style);
    }

    /// <summary>Candidates above and below first, then beside, then further away; ties go to the first.</summary>
    private static IEnumerable<Box> Candidates(Point at, double width)
    {
        const double Height = Size * 1.2;
        foreach (double far in (double[])[1, 1.8, 3, 4.5])
        {
            foreach (double up in (double[])[-1, 1])
            {
                foreach (double aside in (double[])[0.5, 0.85, 0.15, 1, 0])
                    yield return new Box(at.X - width * aside, at.Y + up * far * Away - (up < 0 ? Height : 0), width,
                        Height);
            }

            foreach (double left in (double[])[at.X - width - Away * far, at.X + Away * far])
                yield return new Box(left, at.Y - Height / 2, width, Height);
        }
    }

    /// <summary>Moves a box sideways into the plot: most candidates of a point at the edge are half outside.</summary>
    private static Box Beside(Box box, Box plot) =>
        box with { X = Math.Clamp(box.X, plot.X + 2, Math.Max(plot.X + 2, plot.Right - 2 - box.Width)) };

    private static int Badness(Box box, Box plot, IReadOnlyList<Curve> curves)
    {
        Box roomy = box.Grow(2);
        int crossings = curves.Sum(curve => curve.Runs.Sum(run =>
            Enumerable.Range(0, run.Length).Count(i => roomy.Meets(run[Math.Max(0, i - 1)], run[i]))));
        return crossings + (plot.Contains(roomy) ? 0 : 1_000_000);
    }
}
