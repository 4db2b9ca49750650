using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>What the colours of a figure's maps mean.</summary>
/// <param name="Low">What the darkest stands for.</param>
/// <param name="High">What the lightest stands for.</param>
public sealed record ColorScale(string Low, string High)
{
    private const double TextSize = 12.5, BarHeight = 10;
    private const int BarWidth = 160;

    /// <summary>Pixels down.</summary>
    internal const double Height = 24;

    internal void Draw(ICanvas canvas, Point topLeft)
    {
        TextStyle style = new(TextSize, Ink.Muted);
        double middle = topLeft.Y + Height / 2, bar = topLeft.X + FigureFont.Width(Low, TextSize) + 8;
        float[] ramp = [.. Enumerable.Range(0, BarWidth).Select(i => (float)i)];
        canvas.Text(Low, new Point(topLeft.X, middle + style.HalfCapital), style);
        canvas.Image(HeatMap.Of(ramp, 1, BarWidth, 0, BarWidth - 1), new Box(bar, middle - BarHeight / 2, BarWidth, BarHeight));
        canvas.Text(High, new Point(bar + BarWidth + 8, middle + style.HalfCapital), style);
    }
}
