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
    private const int NarrowestBar = 48;

    /// <summary>Pixels down.</summary>
    internal const double Height = 24;

    /// <param name="canvas">The canvas.</param>
    /// <param name="topLeft">The place of the scale.</param>
    /// <param name="room">Pixels that it may take across.</param>
    internal void Draw(ICanvas canvas, Point topLeft, double room)
    {
        double left = FigureFont.Width(Low, TextSize) + 8;
        string high = FigureFont.Fit(High, TextSize, room - left - NarrowestBar - 8);
        double wide = Math.Clamp(Math.Floor(room - left - 8 - FigureFont.Width(high, TextSize)), NarrowestBar,
            BarWidth);
        TextStyle style = new(TextSize, Ink.Muted);
        double middle = topLeft.Y + Height / 2, bar = topLeft.X + left;
        float[] ramp = [.. Enumerable.Range(0, BarWidth).Select(i => (float)i)];
        canvas.Text(Low, new Point(topLeft.X, middle + style.HalfCapital), style);
        canvas.Image(HeatMap.Of(ramp, 1, BarWidth, 0, BarWidth - 1),
            new Box(bar, middle - BarHeight / 2, wide, BarHeight));
        canvas.Text(high, new Point(bar + wide + 8, middle + style.HalfCapital), style);
    }
}
