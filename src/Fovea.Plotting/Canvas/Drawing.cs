namespace Fovea.Plotting.Canvas;

/// <summary>Shapes made of the canvas's primitives.</summary>
internal static class Drawing
{
    /// <summary>A straight line.</summary>
    public static void Line(this ICanvas canvas, Point from, Point to, Stroke stroke) =>
        canvas.Polyline([from, to], stroke);

    /// <summary>The corners of a polygon that looks like a circle: it has 99.8 % of its area.</summary>
    public static Point[] Circle(Point centre, double radius)
    {
        const int Corners = 64;
        double step = 2 * Math.PI / Corners;
        return [.. Enumerable.Range(0, Corners)
            .Select(i => centre + new Point(Math.Cos(i * step), Math.Sin(i * step)) * radius)];
    }

    /// <summary>The outline of a rectangle.</summary>
    public static void Frame(this ICanvas canvas, Box box, Stroke stroke) =>
        canvas.Polyline([.. box.Corners, box.Corners[0]], stroke);

    /// <summary>The area between two lines with the same positions from left to right, in either order.</summary>
    public static void FillBand(this ICanvas canvas, IEnumerable<Point> upper, IEnumerable<Point> lower, Paint paint) =>
        canvas.FillPolygon([.. upper, .. lower.Reverse()], paint);

    /// <summary>A line between two points, upright or level, with a short stop at either end.</summary>
    public static void ErrorBar(this ICanvas canvas, Point from, Point to, Ink ink)
    {
        Stroke stroke = new(ink, 1.6);
        Point stop = Math.Abs(to.X - from.X) > Math.Abs(to.Y - from.Y) ? new(0, 4) : new(4, 0);
        canvas.Line(from, to, stroke);
        canvas.Line(from - stop, from + stop, stroke);
        canvas.Line(to - stop, to + stop, stroke);
    }

    /// <summary>A tick (correct) or a cross (wrong) on a disc, told apart by shape as well as by colour.</summary>
    public static void Verdict(this ICanvas canvas, Point centre, double radius, bool correct)
    {
        canvas.FillDisc(centre, radius + 1.5, Ink.Ground);
        canvas.FillDisc(centre, radius, correct ? Ink.Correct : Ink.Wrong);
        Stroke stroke = new(Ink.Ground, radius * 0.28);
        if (correct)
        {
            canvas.Polyline([At(-0.46, 0.04), At(-0.12, 0.38), At(0.48, -0.34)], stroke);
            return;
        }

        canvas.Line(At(-0.38, -0.38), At(0.38, 0.38), stroke);
        canvas.Line(At(-0.38, 0.38), At(0.38, -0.38), stroke);

        Point At(double x, double y) => centre + new Point(x, y) * radius;
    }
}
