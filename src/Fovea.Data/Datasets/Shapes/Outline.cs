namespace Fovea.Data.Datasets.Shapes;

/// <summary>
/// Signed distances to outlines: negative inside, 0 on the edge, positive outside. Only + - · / and square roots, which
/// IEEE 754 rounds alike everywhere, so an image has the same bytes on every machine.
/// </summary>
/// <remarks>Source: Quilez, "2D distance functions", iquilezles.org/articles/distfunctions2d.</remarks>
internal static class Outline
{
    /// <summary>The ten classes, in order of their numbers; none reaches farther than 1.07 from the origin.</summary>
    public static readonly (string Name, Func<Point, float> Distance)[] Classes =
    [
        ("circle", p => Disc(p, 0.9f)),
        ("triangle", Polygon(Regular(3, 1f))),
        ("square", Polygon((-0.75f, -0.75f), (0.75f, -0.75f), (0.75f, 0.75f), (-0.75f, 0.75f))),
        ("pentagon", Polygon(Regular(5, 1f))),
        ("star", Polygon(Regular(5, 1f, 0.4f))),
        ("cross", Polygon((-0.3f, -1), (0.3f, -1), (0.3f, -0.3f), (1, -0.3f), (1, 0.3f), (0.3f, 0.3f),
                          (0.3f, 1), (-0.3f, 1), (-0.3f, 0.3f), (-1, 0.3f), (-1, -0.3f), (-0.3f, -0.3f))),
        ("ring", p => MathF.Abs(p.Length - 0.72f) - 0.2f),
        ("crescent", p => MathF.Max(Disc(p, 0.95f), -Disc(p - new Point(0.45f, 0), 0.75f))),
        ("heart", p => Heart(new Point(0.64f * p.X, 0.55f - 0.64f * p.Y)) / 0.64f),
        ("arrow", Polygon((-1, -0.22f), (0.1f, -0.22f), (0.1f, -0.75f), (1, 0), (0.1f, 0.75f), (0.1f, 0.22f),
            (-1, 0.22f))),
    ];

    /// <summary>A disc about the origin.</summary>
    public static float Disc(Point p, float radius) => p.Length - radius;

    /// <summary>The line from <paramref name="start"/> to <paramref name="end"/> with round ends.</summary>
    public static float Capsule(Point p, Point start, Point end, float radius) =>
        MathF.Sqrt(SquaredToSegment(p, start, end)) - radius;

    /// <summary>Tip at the origin, y up, 1.1 high and 1.2 wide.</summary>
    private static float Heart(Point p)
    {
        float x = MathF.Abs(p.X), y = p.Y;
        if (x + y > 1) return (new Point(x, y) - new Point(0.25f, 0.75f)).Length - MathF.Sqrt(2) / 4;
        Point fromNotch = new(x, y - 1);
        float along = 0.5f * MathF.Max(x + y, 0);
        Point fromSide = new(x - along, y - along);
        float distance = MathF.Sqrt(MathF.Min(Point.Dot(fromNotch, fromNotch), Point.Dot(fromSide, fromSide)));
        return x < y ? -distance : distance;
    }

    private static Func<Point, float> Polygon(params (float X, float Y)[] corners)
    {
        Point[] points = [.. corners.Select(corner => new Point(corner.X, corner.Y))];
        return p => Polygon(p, points);
    }

    /// <summary>Distance to the nearest side; inside if a ray to the right crosses an odd number of sides.</summary>
    private static float Polygon(Point p, Point[] corners)
    {
        float nearest = float.MaxValue;
        bool inside = false;
        Point previous = corners[^1];
        foreach (Point corner in corners)
        {
            nearest = MathF.Min(nearest, SquaredToSegment(p, previous, corner));
            Point side = previous - corner, from = p - corner;
            bool above = p.Y < corner.Y, left = side.X * from.Y > side.Y * from.X;
            if (above != p.Y < previous.Y && left != above) inside = !inside;
            previous = corner;
        }

        return inside ? -MathF.Sqrt(nearest) : MathF.Sqrt(nearest);
    }

    private static float SquaredToSegment(Point p, Point start, Point end)
    {
        Point side = end - start, from = p - start;
        Point gap = from - Math.Clamp(Point.Dot(from, side) / Point.Dot(side, side), 0, 1) * side;
        return Point.Dot(gap, gap);
    }

    /// <summary>Corners of a regular polygon, one at the top; with an inner radius, a star.</summary>
    private static (float, float)[] Regular(int corners, float radius, float? inner = null)
    {
        int points = inner is null ? corners : 2 * corners;
        return [.. Enumerable.Range(0, points).Select(i =>
        {
            // In double, so that libraries that differ in the last bit still agree after rounding to float.
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * i / points);
            double length = i % 2 == 1 ? inner ?? radius : radius;
            return ((float)(length * sine), (float)(-length * cosine));
        })];
    }
}
