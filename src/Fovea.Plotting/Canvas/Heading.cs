using Fovea.Plotting.Text;

namespace Fovea.Plotting.Canvas;

/// <summary>The title of a figure, the same in all of them.</summary>
internal static class Heading
{
    /// <summary>Pixels between a figure's contents and its edges.</summary>
    public const double Margin = 16;

    private const double Size = 17;
    private const double SmallestSize = 13;

    /// <summary>The top of what comes below a title.</summary>
    public static double Bottom(bool hasTitle) => Margin + (hasTitle ? Size + 8 : 0);

    /// <summary>The room that a title needs between the margins.</summary>
    public static double Width(string title) => FigureFont.Width(title, Size, bold: true);

    /// <summary>Writes a title: in smaller letters where the figure is narrow, and shortened where that is not
    /// enough.</summary>
    public static void Draw(ICanvas canvas, string title, int figureWidth)
    {
        double room = figureWidth - 2 * Margin;
        double size = Math.Clamp(Size * room / Math.Max(1, Width(title)), SmallestSize, Size);
        string text = FigureFont.Fit(title, size, room, bold: true);
        canvas.Text(text, new Point(Margin, Margin + Size * 0.72), new TextStyle(size, Bold: true));
    }
}
