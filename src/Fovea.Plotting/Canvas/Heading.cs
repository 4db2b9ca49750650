using Fovea.Plotting.Text;

namespace Fovea.Plotting.Canvas;

/// <summary>The title of a figure, the same in all of them.</summary>
internal static class Heading
{
    /// <summary>Pixels between a figure's contents and its edges.</summary>
    public const double Margin = 16;

    private const double Size = 17;

    /// <summary>The top of what comes below a title.</summary>
    public static double Bottom(bool hasTitle) => Margin + (hasTitle ? Size + 8 : 0);

    /// <summary>The room that a title needs between the margins.</summary>
    public static double Width(string title) => FigureFont.Width(title, Size, bold: true);

    /// <summary>Writes a title, shortened to the figure's width.</summary>
    public static void Draw(ICanvas canvas, string title, int figureWidth)
    {
        string text = FigureFont.Fit(title, Size, figureWidth - 2 * Margin, bold: true);
        canvas.Text(text, new Point(Margin, Margin + Size * 0.72), new TextStyle(Size, Bold: true));
    }
}
