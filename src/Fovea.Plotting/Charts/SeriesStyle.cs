using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Charts;

/// <summary>The look of a curve: every style differs from the others in colour, dashes and marker at once.</summary>
internal readonly record struct SeriesStyle(Ink Ink, double[]? Dashes, int Marker)
{
    private const int InkCount = 6;
    private const double MarkerRadius = 3.6;

    private static readonly double[]?[] DashPatterns = [null, [7, 5], [1, 5], [10, 4.5, 1, 4.5], [14, 6],
        [10, 4.5, 1, 4.5, 1, 4.5]];

    /// <summary>Style number <paramref name="index"/>. Of the first 36 no two share both colour and dashes, nor both
    /// dashes and marker; of the first 216 no two are alike.</summary>
    public static SeriesStyle Number(int index)
    {
        (int turn, int place) = Math.DivRem(index, InkCount);
        (int round, int step) = Math.DivRem(turn, InkCount);
        // Markers move against the dashes; from the fourth turn on one further, as they would meet the first ones
        // again.
        int marker = place + 5 * step + (step >= InkCount / 2 ? 1 : 0) + round;
        return new(Ink.Series1 + place, DashPatterns[(place + step) % InkCount], marker % InkCount);
    }

    /// <summary>The line of a curve.</summary>
    public Stroke Stroke(bool faint) => faint ? new(new Paint(Ink, 0.4), 1) : new(Ink, 2, Dashes);

    /// <summary>Draws the marker: a disc, square, triangle, diamond, triangle on its tip, or ring.</summary>
    public void DrawMarker(ICanvas canvas, Point at, double radius = MarkerRadius)
    {
        const double Edge = 1.3;
        // a rim of ground keeps it apart from the lines it sits on
        DrawMarkerShape(canvas, at, radius + Edge, Ink.Ground);
        DrawMarkerShape(canvas, at, radius, Ink);
        if (Marker == 5) canvas.FillDisc(at, radius * 0.5, Ink.Ground);
    }

    private void DrawMarkerShape(ICanvas canvas, Point at, double radius, Ink ink)
    {
        Point[] unit = Marker switch
        {
            1 => [new(-0.88, -0.88), new(0.88, -0.88), new(0.88, 0.88), new(-0.88, 0.88)],
            2 => [new(0, -1.25), new(1.2, 0.85), new(-1.2, 0.85)],
            3 => [new(0, -1.3), new(1.3, 0), new(0, 1.3), new(-1.3, 0)],
            4 => [new(0, 1.25), new(1.2, -0.85), new(-1.2, -0.85)],
            _ => [],
        };
        if (unit.Length == 0) canvas.FillDisc(at, radius, ink);
        else canvas.FillPolygon([.. unit.Select(corner => at + corner * radius)], ink);
    }
}
