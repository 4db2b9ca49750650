using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Images;

/// <summary>Equal tiles in rows: a title, then images of one size with room for captions below each.</summary>
/// <param name="Count">The number of tiles.</param>
/// <param name="Columns">Tiles in a row.</param>
/// <param name="ImageSize">The longer side of an image, in pixels.</param>
/// <param name="CaptionHeight">Pixels below each image.</param>
/// <param name="HasTitle">True if there is a title.</param>
internal readonly record struct TileLayout(int Count, int Columns, int ImageSize, double CaptionHeight, bool HasTitle)
{
    public const double Margin = Heading.Margin;
    public const double Gap = 18;

    public int Width => (int)(2 * Margin + Across * ImageSize + (Across - 1) * Gap);

    public int Height => (int)Math.Ceiling(Top + Rows * (ImageSize + CaptionHeight) + (Rows - 1) * Gap + Margin);

    // at least three, so that a title finds room
    private int Across => Math.Clamp(Count, Math.Min(3, Columns), Columns);

    private int Rows => Math.Max(1, (Count + Columns - 1) / Columns);

    private double Top => Heading.Bottom(HasTitle) + (HasTitle ? 4 : 0);

    /// <summary>The box of the image of tile <paramref name="index"/>, caption excluded.</summary>
    public Box Tile(int index) => new(
        Margin + index % Columns * (ImageSize + Gap), Top + index / Columns * (ImageSize + CaptionHeight + Gap),
        ImageSize, ImageSize);

    /// <summary>The largest box of the image's proportions in the middle of <paramref name="tile"/>, on whole
    /// pixels.</summary>
    public static Box Inside(Box tile, PlanarImage image)
    {
        double scale = tile.Width / Math.Max(image.Width, image.Height);
        double width = Math.Max(1, Math.Round(image.Width * scale));
        double height = Math.Max(1, Math.Round(image.Height * scale));
        return new Box(tile.X + Math.Floor((tile.Width - width) / 2), tile.Y + Math.Floor((tile.Height - height) / 2),
            width, height);
    }

    /// <summary>Writes the title, and a line if there are no tiles.</summary>
    public void DrawHeading(ICanvas canvas, string title)
    {
        Heading.Draw(canvas, title, Width);
        if (Count > 0) return;
        canvas.Text("no images yet", new Point(Width / 2.0, Top + ImageSize / 2.0),
            new TextStyle(15, Ink.Muted, Anchor.Middle));
    }
}
