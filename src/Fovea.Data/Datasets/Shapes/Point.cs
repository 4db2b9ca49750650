namespace Fovea.Data.Datasets.Shapes;

/// <summary>A point or vector of the plane; x to the right, y down.</summary>
internal readonly record struct Point(float X, float Y)
{
    public static Point operator +(Point a, Point b) => new(a.X + b.X, a.Y + b.Y);

    public static Point operator -(Point a, Point b) => new(a.X - b.X, a.Y - b.Y);

    public static Point operator *(float scale, Point a) => new(scale * a.X, scale * a.Y);

    public static float Dot(Point a, Point b) => a.X * b.X + a.Y * b.Y;

    public float Length => MathF.Sqrt(Dot(this, this));

    /// <summary>Turned clockwise (y points down) by the angle whose cosine and sine are
    /// <paramref name="direction"/>.</summary>
    public Point Turned(Point direction) => new(X * direction.X - Y * direction.Y, X * direction.Y + Y * direction.X);
}
