using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>Equal tiles in rows: a title, then images of one size with room for captions below each.</summary>
/// <param name="Count">How many tiles.</param>
/// <param name="Columns">How many in a row.</param>
/// <param name="ImageSize">The longer side of an image, in pixels.</param>
/// <param name="CaptionHeight">Pixels below each image.</param>
/// <param name="HasTitle">Whether room is kept for a title.</param>
internal readonly record struct TileLayout(int Count, int Columns, int ImageSize, double CaptionHeight, bool HasTitle)
{
    public const double Margin = 16, TitleSize = 17, Gap = 18;

    public int Width => (int)(2 * Margin + Across * ImageSize + (Across - 1) * Gap);

    public int Height => (int)Math.Ceiling(Top + Rows * (ImageSize + CaptionHeight) + (Rows - 1) * Gap + Margin);

    private int Across => Math.Clamp(Count, Math.Min(3, Columns), Columns);   // at least three, so that a title finds room

    private int Rows => Math.Max(1, (Count + Columns - 1) / Columns);

    private double Top => Margin + (HasTitle ? TitleSize + 12 : 0);

    /// <summary>Where the image of tile <paramref name="index"/> goes, captions excluded.</summary>
    public Box Tile(int index) => new(
        Margin + index % Columns * (ImageSize + Gap), Top + index / Columns * (ImageSize + CaptionHeight + Gap), ImageSize, ImageSize);

    /// <summary>The largest box of the image's proportions in the middle of <paramref name="tile"/>, on whole pixels.</summary>
    public static Box Inside(Box tile, PlanarImage image)
    {
        double scale = tile.Width / Math.Max(image.Width, image.Height);
        double width = Math.Max(1, Math.Round(image.Width * scale)), height = Math.Max(1, Math.Round(image.Height * scale));
        return new Box(tile.X + Math.Floor((tile.Width - width) / 2), tile.Y + Math.Floor((tile.Height - height) / 2), width, height);
    }

    /// <summary>Writes the title, or what there is to say when there are no tiles.</summary>
    public void DrawHeading(ICanvas canvas, string title)
    {
        TextStyle style = new(TitleSize, Bold: true);
        canvas.Text(FigureFont.Fit(title, TitleSize, Width - 2 * Margin), new Point(Margin, Margin + TitleSize * 0.72), style);
        if (Count > 0) return;
        canvas.Text("no images yet", new Point(Width / 2.0, Top + ImageSize / 2.0), new TextStyle(15, Ink.Muted, Anchor.Middle));
    }
}
