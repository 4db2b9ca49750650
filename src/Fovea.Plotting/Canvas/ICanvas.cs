namespace Fovea.Plotting.Canvas;

/// <summary>The surface that a figure is drawn on: SVG or pixels, by the same calls.</summary>
internal interface ICanvas
{
    /// <summary>Fills a rectangle.</summary>
    void Fill(Box box, Paint paint);

    /// <summary>Fills a polygon, given by its corners in either direction.</summary>
    void FillPolygon(ReadOnlySpan<Point> corners, Paint paint);

    /// <summary>Fills a circle.</summary>
    void FillDisc(Point centre, double radius, Paint paint);

    /// <summary>Draws a line through the points. One point (or two equal ones) is a dot.</summary>
    void Polyline(ReadOnlySpan<Point> points, Stroke stroke);

    /// <summary>Writes one line of text with its baseline at <paramref name="position"/>.</summary>
    void Text(string text, Point position, TextStyle style);

    /// <summary>Draws an image over the box: crisp pixels when it grows, averaged ones when it shrinks.</summary>
    void Image(PlanarImage image, Box box);

    /// <summary>Runs <paramref name="draw"/> with everything outside the box cut off.</summary>
    void Clip(Box box, Action draw);
}
