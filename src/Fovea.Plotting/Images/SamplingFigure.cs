using Fovea.Plotting.Canvas;
using Fovea.Plotting.Text;
using Fovea.Plotting.Charts;

namespace Fovea.Plotting.Images;

/// <summary>A place in an image that was read.</summary>
/// <param name="X">From the left, 0 to 1; outside is possible.</param>
/// <param name="Y">From the top, 0 to 1.</param>
/// <param name="Weight">How much of it was taken: its marker's area, relative to the others.</param>
/// <param name="Style">Which colour and marker it takes.</param>
public readonly record struct SamplingPoint(double X, double Y, double Weight, int Style);

/// <summary>An image with the places that were read in it.</summary>
/// <param name="Caption">What stands below it.</param>
/// <param name="Places">The places.</param>
/// <param name="Mark">The patch that reads, as (left, top, right, bottom) from 0 to 1; null: all read the same.</param>
public sealed record SamplingPanel(string Caption, IReadOnlyList<SamplingPoint> Places, (double Left, double Top, double Right, double Bottom)? Mark = null);

/// <summary>Where attention that reads between patches looks: one image, several panels of places.</summary>
/// <param name="Image">Under all panels.</param>
/// <param name="Panels">In reading order.</param>
public sealed record SamplingFigure(PlanarImage Image, IReadOnlyList<SamplingPanel> Panels) : Figure
{
    private const double CaptionSize = 12.5, LargestMarker = 5.5, LegendHeight = 26;

    /// <summary>What the styles stand for, in their order.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>How to read it; stands behind the legend.</summary>
    public string Note { get; init; } = "";

    /// <summary>How many panels in a row.</summary>
    public int Columns { get; init; } = 4;

    /// <inheritdoc/>
    public override int Width => Layout.Width;

    /// <inheritdoc/>
    public override int Height => Layout.Height + (int)LegendHeight;

    private TileLayout Layout => new(Panels.Count, Columns, 200, CaptionSize + 5, Title.Length > 0);

    internal override void Draw(ICanvas canvas)
    {
        Layout.DrawHeading(canvas, Title);
        DrawLegend(canvas);
        double heaviest = Panels.SelectMany(panel => panel.Places).Select(read => read.Weight).DefaultIfEmpty(1).Max();
        for (int i = 0; i < Panels.Count; i++)
        {
            (SamplingPanel panel, Box tile) = (Panels[i], Layout.Tile(i));
            Box place = TileLayout.Inside(tile, Image);
            canvas.Image(Image, place);
            canvas.Fill(place, new Paint(Ink.Ground, 0.35));
            if (panel.Mark is var (left, top, right, bottom))
            {
                Box mark = new(place.X + left * place.Width, place.Y + top * place.Height, (right - left) * place.Width, (bottom - top) * place.Height);
                canvas.Frame(mark, new Stroke(Ink.Ground, 4));
                canvas.Frame(mark, new Stroke(Ink.Text, 1.8));
            }

            canvas.Clip(place, () => DrawLocations(canvas, place, panel.Places, heaviest));
            string caption = FigureFont.Fit(panel.Caption, CaptionSize, tile.Width + TileLayout.Gap / 2);
            canvas.Text(caption, new Point(tile.Centre.X, tile.Bottom + CaptionSize + 3), new TextStyle(CaptionSize, Anchor: Anchor.Middle));
        }
    }

    private void DrawLegend(ICanvas canvas)
    {
        TextStyle style = new(CaptionSize, Ink.Muted);
        Point pen = new(TileLayout.Margin + 5, Height - LegendHeight / 2 - 6);
        for (int i = 0; i < Groups.Count; i++)
        {
            SeriesStyle.Number(i).DrawMarker(canvas, pen);
            canvas.Text(Groups[i], pen + new Point(10, style.HalfCapital), style);
            pen += new Point(FigureFont.Width(Groups[i], CaptionSize) + 26, 0);
        }

        canvas.Text(FigureFont.Fit(Note, CaptionSize, Width - TileLayout.Margin - pen.X), pen + new Point(0, style.HalfCapital), style);
    }

    private static void DrawLocations(ICanvas canvas, Box place, IReadOnlyList<SamplingPoint> discs, double heaviest)
    {
        foreach (SamplingPoint read in discs)
        {
            Point centre = new(place.X + read.X * place.Width, place.Y + read.Y * place.Height);
            double radius = Math.Max(1.5, LargestMarker * Math.Sqrt(read.Weight / heaviest));
            SeriesStyle.Number(read.Style).DrawMarker(canvas, centre, radius);
        }
    }
}
