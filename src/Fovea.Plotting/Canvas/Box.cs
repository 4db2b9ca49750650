namespace Fovea.Plotting.Canvas;

/// <summary>An upright rectangle: left, top, width, height in pixels.</summary>
internal readonly record struct Box(double X, double Y, double Width, double Height)
{
    public double Right => X + Width;

    public double Bottom => Y + Height;

    public Point Centre => new(X + Width / 2, Y + Height / 2);

    /// <summary>The corners, clockwise from the top left.</summary>
    public Point[] Corners => [new(X, Y), new(Right, Y), new(Right, Bottom), new(X, Bottom)];

    /// <summary>The box with each side moved outwards by <paramref name="margin"/>.</summary>
    public Box Grow(double margin) => new(X - margin, Y - margin, Width + 2 * margin, Height + 2 * margin);

    /// <summary>Tells whether <paramref name="other"/> lies inside, border included.</summary>
    public bool Contains(Box other) => other.X >= X && other.Y >= Y && other.Right <= Right && other.Bottom <= Bottom;

    /// <summary>Tells whether a line meets the box (Liang-Barsky clipping).</summary>
    public bool Meets(Point a, Point b)
    {
        double enter = 0, leave = 1;
        return Clip(a.X - b.X, a.X - X, ref enter, ref leave) && Clip(b.X - a.X, Right - a.X, ref enter, ref leave)
            && Clip(a.Y - b.Y, a.Y - Y, ref enter, ref leave) && Clip(b.Y - a.Y, Bottom - a.Y, ref enter, ref leave);
    }

    /// <summary>Narrows the stretch of the line to where <c>slope · t ≤ room</c>; false when nothing is left.</summary>
    private static bool Clip(double slope, double room, ref double enter, ref double leave)
    {
        if (slope == 0) return room >= 0;
        if (slope < 0) enter = Math.Max(enter, room / slope);
        else leave = Math.Min(leave, room / slope);
        return enter <= leave;
    }
}
