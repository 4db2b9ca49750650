namespace Fovea.Plotting.Canvas;

/// <summary>Cuts a line into the pieces that are drawn.</summary>
internal static class Dashing
{
    /// <summary>
    /// The straight pieces of a polyline. With <paramref name="dashes"/> (dash, gap, dash, gap, ... in pixels) the gaps are left
    /// out; the pattern runs on around corners. A line of one point is one piece without length.
    /// </summary>
    public static List<(Point From, Point To)> Split(ReadOnlySpan<Point> points, double[]? dashes)
    {
        List<(Point, Point)> pieces = [];
        if (points.Length == 1) pieces.Add((points[0], points[0]));
        Pattern pattern = new(dashes);
        for (int i = 1; i < points.Length; i++) pattern.Cut(points[i - 1], points[i], pieces);
        return pieces;
    }

    /// <summary>Where in the pattern the pen is.</summary>
    private sealed class Pattern(double[]? dashes)
    {
        private int _index;
        private double _left = dashes?[0] ?? double.PositiveInfinity;

        public void Cut(Point from, Point to, List<(Point, Point)> pieces)
        {
            double length = (to - from).Length, done = 0;
            if (dashes is null || length == 0)
            {
                if (_index % 2 == 0) pieces.Add((from, to));
                return;
            }

            while (done < length)
            {
                double step = Math.Min(_left, length - done);
                if (_index % 2 == 0) pieces.Add((At(done), At(done + step)));
                done += step;
                Advance(step);
            }

            Point At(double distance) => from + (to - from) * (distance / length);
        }

        private void Advance(double step)
        {
            _left -= step;
            if (_left > 0) return;
            _index = (_index + 1) % dashes!.Length;
            _left = dashes[_index];
        }
    }
}
