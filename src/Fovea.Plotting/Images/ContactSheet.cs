using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>Images side by side, each with a caption.</summary>
/// <param name="Images">The images, in reading order.</param>
public sealed record ContactSheet(IReadOnlyList<CaptionedImage> Images) : Figure
{
    private const double CaptionSize = 12.5;

    /// <summary>Images in a row. Default: 8.</summary>
    public int Columns { get; init; } = 8;

    /// <summary>The longer side of an image as shown, in pixels. Default: 112.</summary>
    public int ImageSize { get; init; } = 112;

    /// <inheritdoc/>
    public override int Width => Layout.Width;

    /// <inheritdoc/>
    public override int Height => Layout.Height;

    private TileLayout Layout => new(Images.Count, Columns, ImageSize, CaptionSize + 5, Title.Length > 0);

    internal override void Draw(ICanvas canvas)
    {
        Layout.DrawHeading(canvas, Title);
        for (int i = 0; i < Images.Count; i++)
        {
            Box tile = Layout.Tile(i);
            canvas.Image(Images[i].Image, TileLayout.Inside(tile, Images[i].Image));
            string caption = FigureFont.Fit(Images[i].Caption, CaptionSize, tile.Width + TileLayout.Gap / 2);
            Point below = new(tile.Centre.X, tile.Bottom + CaptionSize + 3);
            canvas.Text(caption, below, new TextStyle(CaptionSize, Anchor: Anchor.Middle));
        }
    }
}
