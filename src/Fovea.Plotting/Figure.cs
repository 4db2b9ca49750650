using Fovea.Plotting.Canvas;

namespace Fovea.Plotting;

/// <summary>A figure of numbers or images, described once and rendered as vectors (SVG) or pixels (PNG).</summary>
public abstract record Figure
{
    /// <summary>The heading; also what a screen reader says.</summary>
    public string Title { get; init; } = "";

    /// <summary>Pixels across, at a scale of 1.</summary>
    public abstract int Width { get; }

    /// <summary>Pixels down, at a scale of 1.</summary>
    public abstract int Height { get; }

    /// <summary>The figure as an SVG document that stands alone, ground included.</summary>
    public string ToSvg(Theme theme = Theme.Light) => ToSvg(new SvgCanvas(Width, Height, Title, theme));

    /// <summary>
    /// The figure as an <c>svg</c> element for an HTML page, whose CSS gives the colours: <c>--text</c>, <c>--grid</c>
    /// and so on.
    /// </summary>
    public string ToInlineSvg() => ToSvg(new SvgCanvas(Width, Height, Title, theme: null));

    /// <summary>The figure as the bytes of a PNG file.</summary>
    /// <param name="theme">Light or dark.</param>
    /// <param name="scale">Pixels of the file per pixel of the figure; 2 is sharp in print and on dense
    /// screens.</param>
    public byte[] ToPng(Theme theme = Theme.Light, double scale = 2)
    {
        using RasterCanvas canvas = new(Width, Height, theme, scale);
        Draw(canvas);
        return canvas.ToPng();
    }

    /// <summary>Draws the figure inside 0 .. <see cref="Width"/>, 0 .. <see cref="Height"/>.</summary>
    internal abstract void Draw(ICanvas canvas);

    private string ToSvg(SvgCanvas canvas)
    {
        Draw(canvas);
        return canvas.ToDocument();
    }
}
