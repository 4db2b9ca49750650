namespace Fovea.Training.Figures;

/// <summary>
/// A shape as a signed distance: how far a place is outside (positive) or inside (negative). A pixel whose centre is half a pixel
/// inside is covered, half a pixel outside is not; between the two lies the antialiased edge.
/// </summary>
internal interface IRasterShape
{
    /// <summary>A box that holds the shape.</summary>
    Box Bounds { get; }

    /// <summary>Pixels from <paramref name="place"/> to the outline, negative inside.</summary>
    double Distance(Point place);
}

/// <summary>A circle with its inside.</summary>
internal readonly record struct Disc(Point Centre, double Radius) : IRasterShape
{
    public Box Bounds => new Box(Centre.X, Centre.Y, 0, 0).Grow(Radius);

    public double Distance(Point place) => (place - Centre).Length - Radius;
}

/// <summary>A rectangle along the axes.</summary>
internal readonly record struct UprightBox(Box Bounds) : IRasterShape
{
    public double Distance(Point place) =>
        Math.Max(Math.Max(Bounds.X - place.X, place.X - Bounds.Right), Math.Max(Bounds.Y - place.Y, place.Y - Bounds.Bottom));
}

/// <summary>A line with round ends.</summary>
internal readonly record struct Capsule(Point From, Point To, double Radius) : IRasterShape
{
    public Box Bounds =>
        new Box(Math.Min(From.X, To.X), Math.Min(From.Y, To.Y), Math.Abs(From.X - To.X), Math.Abs(From.Y - To.Y)).Grow(Radius);

    public double Distance(Point place)
    {
        Point along = To - From, offset = place - From;
        double squared = along.X * along.X + along.Y * along.Y;
        double t = squared == 0 ? 0 : Math.Clamp((offset.X * along.X + offset.Y * along.Y) / squared, 0, 1);
        return (offset - along * t).Length - Radius;
    }
}

/// <summary>A convex polygon: where all its edges' half-planes overlap. Exact along the edges, a little generous at the corners.</summary>
internal readonly record struct ConvexPolygon(Point[] Corners) : IRasterShape
{
    /// <summary>+1 when the corners run clockwise on the screen, -1 otherwise.</summary>
    private readonly int _turn = Math.Sign(Corners.Select((corner, i) => Cross(corner, Corners[(i + 1) % Corners.Length])).Sum());

    public Box Bounds
    {
        get
        {
            double left = Corners.Min(corner => corner.X), top = Corners.Min(corner => corner.Y);
            return new Box(left, top, Corners.Max(corner => corner.X) - left, Corners.Max(corner => corner.Y) - top);
        }
    }

    public double Distance(Point place)
    {
        double distance = double.NegativeInfinity;
        Point from = Corners[^1];
        foreach (Point to in Corners)
        {
            Point edge = to - from;
            if (edge.Length > 0) distance = Math.Max(distance, -_turn * Cross(edge, place - from) / edge.Length);
            from = to;
        }

        return distance;
    }

    private static double Cross(Point a, Point b) => a.X * b.Y - a.Y * b.X;
}
