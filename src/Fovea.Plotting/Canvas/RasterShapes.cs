namespace Fovea.Plotting.Canvas;

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

/// <summary>What lies between two lines over the same places. Distances are measured up and down, so that steep edges are a little sharper.</summary>
internal readonly record struct Band(Point[] Upper, Point[] Lower) : IRasterShape
{
    public Box Bounds
    {
        get
        {
            double top = Upper.Concat(Lower).Min(point => point.Y), bottom = Upper.Concat(Lower).Max(point => point.Y);
            return new Box(Upper[0].X, top, Upper[^1].X - Upper[0].X, bottom - top);
        }
    }

    public double Distance(Point place)
    {
        double a = At(Upper, place.X), b = At(Lower, place.X);
        double across = Math.Max(Math.Min(a, b) - place.Y, place.Y - Math.Max(a, b));
        return Math.Max(across, Math.Max(Upper[0].X - place.X, place.X - Upper[^1].X));
    }

    /// <summary>The line's height at a place, and that of its ends beyond them.</summary>
    private static double At(Point[] line, double x)
    {
        int after = 0, end = line.Length;   // the first point beyond x
        while (after < end)
        {
            int middle = (after + end) / 2;
            if (line[middle].X <= x) after = middle + 1;
            else end = middle;
        }

        if (after == 0) return line[0].Y;
        if (after == line.Length) return line[^1].Y;
        Point left = line[after - 1], right = line[after];
        return left.Y + (right.Y - left.Y) * (x - left.X) / (right.X - left.X);
    }
}
