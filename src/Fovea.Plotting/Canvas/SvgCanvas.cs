using System.Globalization;
using System.Text;
using Fovea.Plotting.Text;

namespace Fovea.Plotting.Canvas;

/// <summary>Draws SVG elements. Without a theme, colours are CSS custom properties and the page has the
/// ground.</summary>
internal sealed class SvgCanvas : ICanvas
{
    private readonly StringBuilder _svg = new();
    private readonly Theme? _theme;

    public SvgCanvas(int width, int height, string title, Theme? theme)
    {
        _theme = theme;
        Box all = new(0, 0, width, height);
        string label = Markup.Escape(title);
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{View(all)}" """
            + $"""role="img" aria-label="{label}" font-family="{FigureFont.Families}" """
            + $"""style="font-variant-numeric:tabular-nums"><title>{label}</title>""");
        if (theme is not null) Fill(all, Ink.Ground);
    }

    public string ToDocument() => _svg + "</svg>\n";

    public void Fill(Box box, Paint paint) => Line($"<rect {Place(box)}{Filled(paint)}/>");

    public void FillPolygon(ReadOnlySpan<Point> corners, Paint paint) =>
        Line($"""<polygon points="{List(corners)}"{Filled(paint)}/>""");

    public void FillDisc(Point centre, double radius, Paint paint) =>
        Line($"""<circle cx="{N(centre.X)}" cy="{N(centre.Y)}" r="{N(radius)}"{Filled(paint)}/>""");

    public void Polyline(ReadOnlySpan<Point> points, Stroke stroke)
    {
        if (points.IsEmpty) return;
        // one point alone would not be rendered
        string list = points.Length == 1 ? $"{List(points)} {List(points)}" : List(points);
        string dashes = stroke.Dashes is null ? ""
            : $" stroke-dasharray=\"{string.Join(' ', stroke.Dashes.Select(N))}\"";
        Line($"""<polyline points="{list}" fill="none" stroke="{Color(stroke.Paint.Ink)}" """
            + $"""stroke-width="{N(stroke.Width)}" stroke-linecap="round" stroke-linejoin="round" """.TrimEnd()
            + $"{Opacity("stroke", stroke.Paint)}{dashes}/>");
    }

    public void Text(string text, Point position, TextStyle style)
    {
        string anchor = style.Anchor switch
        {
            Anchor.Start => "",
            Anchor.Middle => " text-anchor=\"middle\"",
            _ => " text-anchor=\"end\"",
        };
        string weight = style.Bold ? " font-weight=\"600\"" : "";
        string halo = !style.Halo ? ""
            : $" paint-order=\"stroke\" stroke=\"{Color(Ink.Ground)}\" stroke-width=\"4\" stroke-linejoin=\"round\"";
        string turn = style.Angle == 0 ? ""
            : $" transform=\"rotate({N(style.Angle)} {N(position.X)} {N(position.Y)})\"";
        Line($"""<text x="{N(position.X)}" y="{N(position.Y)}" font-size="{N(style.Size)}" fill="{Color(style.Ink)}" """
            .TrimEnd() + $"{anchor}{weight}{halo}{turn}>{Markup.Escape(text)}</text>");
    }

    public void Image(PlanarImage image, Box box) => Line(
        $"""<image {Place(box)} preserveAspectRatio="none" style="image-rendering:pixelated" """
        + $"""href="{Markup.DataUri(image.ToPng())}"/>""");

    /// <summary>Nests an <c>svg</c>: it clips, and needs no identifier that could clash within a page.</summary>
    public void Clip(Box box, Action draw)
    {
        Line($"""<svg {Place(box)} viewBox="{View(box)}">""");
        draw();
        Line("</svg>");
    }

    private static string N(double value) => Markup.Number(value);

    private static string Place(Box box) =>
        $"""x="{N(box.X)}" y="{N(box.Y)}" width="{N(box.Width)}" height="{N(box.Height)}" """.TrimEnd();

    private static string View(Box box) => $"{N(box.X)} {N(box.Y)} {N(box.Width)} {N(box.Height)}";

    private static string List(ReadOnlySpan<Point> points)
    {
        StringBuilder list = new();
        foreach (Point point in points) list.Append(CultureInfo.InvariantCulture, $"{N(point.X)},{N(point.Y)} ");
        return list.ToString().TrimEnd();
    }

    private static string Opacity(string part, Paint paint) => paint.Opacity >= 1 ? ""
        : $" {part}-opacity=\"{N(paint.Opacity)}\"";

    private string Filled(Paint paint) => $" fill=\"{Color(paint.Ink)}\"{Opacity("fill", paint)}";

    private string Color(Ink ink) => _theme is Theme theme ? Palette.Hex(theme, ink) : $"var({Palette.Variable(ink)})";

    private void Line(string markup) => _svg.Append(markup).Append('\n');
}
