using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Images;

/// <summary>A sampling location in an image.</summary>
/// <param name="X">The position from the left, 0 to 1; outside is possible.</param>
/// <param name="Y">The position from the top, 0 to 1.</param>
/// <param name="Weight">The attention weight: the marker's area, relative to the others.</param>
/// <param name="Style">The number of its colour and marker.</param>
public readonly record struct SamplingPoint(double X, double Y, double Weight, int Style);

/// <summary>A panel of sampling locations.</summary>
/// <param name="Caption">The text below the panel.</param>
/// <param name="Places">The sampling locations.</param>
/// <param name="Mark">The patch that reads, as (left, top, right, bottom) from 0 to 1; null: all read the same.</param>
public sealed record SamplingPanel(string Caption, IReadOnlyList<SamplingPoint> Places,
    (double Left, double Top, double Right, double Bottom)? Mark = null);

/// <summary>Sampling locations of attention that reads between patches: one image in several panels.</summary>
/// <param name="Image">Under all panels.</param>
/// <param name="Panels">In reading order.</param>
public sealed record SamplingFigure(PlanarImage Image, IReadOnlyList<SamplingPanel> Panels) : Figure
{
    private const double CaptionSize = 12.5;
    private const double LargestMarker = 5.5;
    private const double LegendLine = 20;
    private const double BetweenEntries = 16;

    /// <summary>The names of the styles, in their order.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>A note behind the legend.</summary>
    public string Note { get; init; } = "";

    /// <summary>Panels in a row.</summary>
    public int Columns { get; init; } = 4;

    /// <inheritdoc/>
    public override int Width => Layout.Width;

    /// <inheritdoc/>
    public override int Height => Layout.Height + (int)LegendHeight;

    /// <summary>Pixels of a panel's side.</summary>
    public int PanelSize { get; init; } = 200;

    private TileLayout Layout => new(Panels.Count, Columns, PanelSize, CaptionSize + 5, Title.Length > 0);

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
                Box mark = new(place.X + left * place.Width, place.Y + top * place.Height, (right - left) * place.Width,
                    (bottom - top) * place.Height);
                canvas.Frame(mark, new Stroke(Ink.Ground, 4));
                canvas.Frame(mark, new Stroke(Ink.Text, 1.8));
            }

            canvas.Clip(place, () => DrawLocations(canvas, place, panel.Places, heaviest));
            string caption = FigureFont.Fit(panel.Caption, CaptionSize, tile.Width + TileLayout.Gap / 2);
            canvas.Text(caption, new Point(tile.Centre.X, tile.Bottom + CaptionSize + 3),
                new TextStyle(CaptionSize, Anchor: Anchor.Middle));
        }
    }

    private double LegendHeight => Entries().Select(entry => entry.At.Y).DefaultIfEmpty().Max() + LegendLine + 6;

    /// <summary>Texts of the legend, from its top left corner on, in as many lines as they need.</summary>
    private IEnumerable<(string Text, int? Style, Point At)> Entries()
    {
        Point pen = new(0, 0);
        double room = Width - 2 * TileLayout.Margin;
        for (int i = 0; i <= Groups.Count; i++)
        {
            bool isNote = i == Groups.Count;
            double sample = isNote ? 0 : 15;
            string text = FigureFont.Fit(isNote ? Note : Groups[i], CaptionSize, room - sample);
            double width = sample + FigureFont.Width(text, CaptionSize);
            if (pen.X > 0 && pen.X + width > room) pen = new(0, pen.Y + LegendLine);
            if (text.Length > 0) yield return (text, isNote ? null : i, pen);
            pen += new Point(width + BetweenEntries, 0);
        }
    }

    private void DrawLegend(ICanvas canvas)
    {
        TextStyle style = new(CaptionSize, Ink.Muted);
        Point origin = new(TileLayout.Margin, Height - LegendHeight + LegendLine / 2 - 6);
        foreach ((string text, int? number, Point at) in Entries())
        {
            Point pen = origin + at;
            if (number is int i) SeriesStyle.Number(i).DrawMarker(canvas, pen + new Point(5, 0));
            canvas.Text(text, pen + new Point(number is null ? 0 : 15, style.HalfCapital), style);
        }
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
