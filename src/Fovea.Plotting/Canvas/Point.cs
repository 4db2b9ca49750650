namespace Fovea.Plotting.Canvas;

/// <summary>A place in a figure: pixels from the left, pixels from the top.</summary>
internal readonly record struct Point(double X, double Y)
{
    public static Point operator +(Point a, Point b) => new(a.X + b.X, a.Y + b.Y);

    public static Point operator -(Point a, Point b) => new(a.X - b.X, a.Y - b.Y);

    public static Point operator *(Point a, double factor) => new(a.X * factor, a.Y * factor);

    /// <summary>Distance from the origin.</summary>
    public double Length => Math.Sqrt(X * X + Y * Y);
}
