using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>The meaning of the colours of heat maps.</summary>
/// <param name="Low">The label of the darkest colour.</param>
/// <param name="High">The label of the lightest colour.</param>
public sealed record ColorScale(string Low, string High)
{
    private const double TextSize = 12.5;
    private const double BarHeight = 10;
    private const int BarWidth = 160;

    /// <summary>Pixels down.</summary>
    internal const double Height = 24;

    internal void Draw(ICanvas canvas, Point topLeft)
    {
        TextStyle style = new(TextSize, Ink.Muted);
        double middle = topLeft.Y + Height / 2, bar = topLeft.X + FigureFont.Width(Low, TextSize) + 8;
        float[] ramp = [.. Enumerable.Range(0, BarWidth).Select(i => (float)i)];
        canvas.Text(Low, new Point(topLeft.X, middle + style.HalfCapital), style);
        canvas.Image(HeatMap.Of(ramp, 1, BarWidth, 0, BarWidth - 1),
            new Box(bar, middle - BarHeight / 2, BarWidth, BarHeight));
        canvas.Text(High, new Point(bar + BarWidth + 8, middle + style.HalfCapital), style);
    }
}
