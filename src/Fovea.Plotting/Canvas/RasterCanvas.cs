using Fovea.Plotting.Text;
using SkiaSharp;

namespace Fovea.Plotting.Canvas;

/// <summary>Draws as antialiased pixels on the theme's ground.</summary>
internal sealed class RasterCanvas : ICanvas, IDisposable
{
    private const float HaloWidth = 4;

    private readonly Theme _theme;
    private readonly double _scale;
    private readonly SKBitmap _bitmap;
    private readonly SKCanvas _canvas;

    /// <summary>A canvas of <paramref name="scale"/> pixels per pixel of the figure.</summary>
    public RasterCanvas(int width, int height, Theme theme, double scale)
    {
        _theme = theme;
        _scale = scale;
        PixelWidth = (int)Math.Ceiling(width * scale);
        PixelHeight = (int)Math.Ceiling(height * scale);
        _bitmap = SkiaMemory.Bitmap(PixelWidth, PixelHeight);
        _canvas = new SKCanvas(_bitmap);
        _canvas.Clear(Color(Ink.Ground));
        _canvas.Scale((float)scale);
    }

    public int PixelWidth { get; }

    public int PixelHeight { get; }

    /// <summary>Red, green, blue, 255: <c>[height, width, 4]</c>.</summary>
    public ReadOnlySpan<byte> Pixels => _bitmap.GetPixelSpan();

    /// <summary>The canvas as the bytes of a PNG file.</summary>
    public byte[] ToPng()
    {
        using SKData png = SkiaMemory.Require(_bitmap.Encode(SKEncodedImageFormat.Png, 100), PixelWidth, PixelHeight);
        return png.ToArray();
    }

    public void Fill(Box box, Paint paint)
    {
        using SKPaint fill = Filled(paint);
        _canvas.DrawRect(Rectangle(box), fill);
    }

    public void FillPolygon(ReadOnlySpan<Point> corners, Paint paint)
    {
        using SKPath path = Path(corners);
        using SKPaint fill = Filled(paint);
        path.Close();
        _canvas.DrawPath(path, fill);
    }

    /// <summary>Skia's own circles are polygons of so few corners that small ones miss 4 % of their area.</summary>
    public void FillDisc(Point centre, double radius, Paint paint) =>
        FillPolygon(Drawing.Circle(centre, radius), paint);

    public void Polyline(ReadOnlySpan<Point> points, Stroke stroke)
    {
        if (points.IsEmpty) return;
        using SKPath path = Path(points);
        using SKPathEffect? dashes = stroke.Dashes is double[] lengths
            ? SKPathEffect.CreateDash([.. lengths.Select(length => (float)length)], 0)
            : null;
        using SKPaint paint = Stroked(stroke.Paint, stroke.Width);
        paint.PathEffect = dashes;
        if (points.Length == 1) path.LineTo(path.LastPoint);   // a dot
        _canvas.DrawPath(path, paint);
    }

    public void Text(string text, Point position, TextStyle style)
    {
        double share = style.Anchor switch { Anchor.Start => 0, Anchor.Middle => 0.5, _ => 1 };
        double left = share == 0 ? 0 : -share * FigureFont.Advance(text, style.Size, style.Bold);
        using SKAutoCanvasRestore restore = new(_canvas);
        _canvas.Translate((float)position.X, (float)position.Y);
        _canvas.RotateDegrees((float)style.Angle);
        if (style.Halo)
        {
            using SKPaint halo = Stroked(Ink.Ground, HaloWidth);
            FigureFont.Draw(_canvas, text, left, 0, style.Size, style.Bold, halo);
        }

        using SKPaint fill = Filled(style.Ink);
        FigureFont.Draw(_canvas, text, left, 0, style.Size, style.Bold, fill);
    }

    public void Image(PlanarImage image, Box box)
    {
        int left = (int)Math.Round(box.X * _scale), top = (int)Math.Round(box.Y * _scale);
        int width = (int)Math.Round(box.Right * _scale) - left, height = (int)Math.Round(box.Bottom * _scale) - top;
        if (width < 1 || height < 1) return;
        using SKImage resized = image.Resize(height, width).ToPixels();
        using SKAutoCanvasRestore restore = new(_canvas);
        _canvas.ResetMatrix();
        _canvas.DrawImage(resized, left, top);
    }

    public void Clip(Box box, Action draw)
    {
        using SKAutoCanvasRestore restore = new(_canvas);
        _canvas.ClipRect(Rectangle(box));
        draw();
    }

    public void Dispose()
    {
        _canvas.Dispose();
        _bitmap.Dispose();
    }

    private static SKRect Rectangle(Box box) =>
        new((float)box.X, (float)box.Y, (float)box.Right, (float)box.Bottom);

    private static SKPath Path(ReadOnlySpan<Point> points)
    {
        SKPath path = new();
        SKPoint[] places = new SKPoint[points.Length];
        for (int i = 0; i < places.Length; i++) places[i] = new((float)points[i].X, (float)points[i].Y);
        path.AddPoly(places, close: false);
        return path;
    }

    private SKPaint Filled(Paint paint) => new() { IsAntialias = true, ColorF = Color(paint) };

    private SKPaint Stroked(Paint paint, double width) => new()
    {
        IsAntialias = true,
        ColorF = Color(paint),
        IsStroke = true,
        StrokeWidth = (float)width,
        StrokeCap = SKStrokeCap.Round,
        StrokeJoin = SKStrokeJoin.Round,
    };

    private SKColorF Color(Paint paint)
    {
        int color = Palette.Of(_theme, paint.Ink);
        float opacity = (float)Math.Clamp(paint.Opacity, 0, 1);
        return new((color >> 16) / 255f, ((color >> 8) & 255) / 255f, (color & 255) / 255f, opacity);
    }
}
