using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>Images with a model's predictions. Wrong ones have a red frame and a cross, correct ones a green
/// tick.</summary>
/// <param name="Images">The images, in reading order.</param>
public sealed record PredictionGrid(IReadOnlyList<PredictedImage> Images) : Figure
{
    private const double CaptionSize = 12.5;
    private const double LineHeight = 16;

    /// <summary>Images in a row. Default: 8.</summary>
    public int Columns { get; init; } = 8;

    /// <summary>The longer side of an image as shown, in pixels. Default: 112, whole multiples of 28 and (in files of
    /// twice the size) of 32.</summary>
    public int ImageSize { get; init; } = 112;

    /// <inheritdoc/>
    public override int Width => Layout.Width;

    /// <inheritdoc/>
    public override int Height => Layout.Height;

    private TileLayout Layout => new(Images.Count, Columns, ImageSize, 2 * LineHeight + 6, Title.Length > 0);

    internal override void Draw(ICanvas canvas)
    {
        Layout.DrawHeading(canvas, Title);
        for (int i = 0; i < Images.Count; i++) DrawTile(canvas, Images[i], Layout.Tile(i));
    }

    private static void DrawTile(ICanvas canvas, PredictedImage image, Box tile)
    {
        Box place = TileLayout.Inside(tile, image.Image);
        canvas.Image(image.Image, place);
        canvas.Frame(image.IsCorrect ? place.Grow(0.5) : place.Grow(1),
            image.IsCorrect ? new(Ink.Correct, 1) : new(Ink.Wrong, 4));
        canvas.Verdict(new Point(place.Right - 3, place.Y + 3), 8.5, image.IsCorrect);

        string probability = double.IsFinite(image.Probability) ? $" {image.Probability * 100:0} %" : "";
        double room = tile.Width + TileLayout.Gap / 2;
        string predicted = FigureFont.Fit(image.Predicted, CaptionSize,
            room - FigureFont.Width(probability, CaptionSize)) + probability;
        TextStyle style = new(CaptionSize, image.IsCorrect ? Ink.Text : Ink.Wrong, Anchor.Middle,
            Bold: !image.IsCorrect);
        canvas.Text(predicted, new Point(tile.Centre.X, tile.Bottom + LineHeight + 1), style);
        if (image.IsCorrect) return;

        string truth = FigureFont.Fit($"true: {image.Truth}", CaptionSize, room);
        canvas.Text(truth, new Point(tile.Centre.X, tile.Bottom + 2 * LineHeight + 1),
            new TextStyle(CaptionSize, Ink.Text, Anchor.Middle));
    }
}
