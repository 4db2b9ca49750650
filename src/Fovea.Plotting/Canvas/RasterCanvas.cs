namespace Fovea.Plotting.Canvas;

/// <summary>Draws as antialiased pixels on the theme's ground.</summary>
/// <remarks>
/// Every call first gathers its coverage in a mask, keeping the largest value per pixel, and then lays the paint on once. So the
/// segments of one line or the strokes of one word may overlap without showing it.
/// </remarks>
internal sealed class RasterCanvas : ICanvas
{
    private readonly Theme _theme;
    private readonly double _scale;
    private readonly byte[] _pixels;
    private readonly float[] _mask;
    private (int Left, int Top, int Right, int Bottom) _clip, _covered;

    public RasterCanvas(int width, int height, Theme theme, double scale)
    {
        (_theme, _scale) = (theme, scale);
        (PixelWidth, PixelHeight) = ((int)Math.Ceiling(width * scale), (int)Math.Ceiling(height * scale));
        (_pixels, _mask) = (new byte[PixelWidth * PixelHeight * 3], new float[PixelWidth * PixelHeight]);
        _clip = (0, 0, PixelWidth, PixelHeight);
        _covered = (PixelWidth, PixelHeight, 0, 0);
        int ground = Palette.Of(theme, Ink.Ground);
        for (int i = 0; i < _pixels.Length; i++) _pixels[i] = (byte)(ground >> (16 - 8 * (i % 3)));
    }

    public int PixelWidth { get; }

    public int PixelHeight { get; }

    /// <summary>Red, green, blue: <c>[height, width, 3]</c>.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    public void Fill(Box box, Paint paint)
    {
        Cover(new UprightBox(new Box(box.X * _scale, box.Y * _scale, box.Width * _scale, box.Height * _scale)));
        Lay(paint);
    }

    public void FillPolygon(ReadOnlySpan<Point> corners, Paint paint)
    {
        Cover(new ConvexPolygon(Scaled(corners)));
        Lay(paint);
    }

    public void FillBand(ReadOnlySpan<Point> upper, ReadOnlySpan<Point> lower, Paint paint)
    {
        Cover(new Band(Scaled(upper), Scaled(lower)));
        Lay(paint);
    }

    public void FillDisc(Point centre, double radius, Paint paint)
    {
        Cover(new Disc(centre * _scale, radius * _scale));
        Lay(paint);
    }

    public void Polyline(ReadOnlySpan<Point> points, Stroke stroke)
    {
        foreach ((Point from, Point to) in Dashing.Split(points, stroke.Dashes)) CoverLine(from, to, stroke.Width);
        Lay(stroke.Paint);
    }

    public void Text(string text, Point position, TextStyle style)
    {
        List<(Point From, Point To)> strokes = StrokeFont.Strokes(text, position, style);
        double width = StrokeFont.StrokeWidth(style);
        if (style.Halo)
        {
            foreach ((Point from, Point to) in strokes) CoverLine(from, to, width + 4);
            Lay(Ink.Ground);
        }

        foreach ((Point from, Point to) in strokes) CoverLine(from, to, width);
        Lay(style.Ink);
    }

    public void Image(PlanarImage image, Box box)
    {
        int left = (int)Math.Round(box.X * _scale), top = (int)Math.Round(box.Y * _scale);
        int width = (int)Math.Round(box.Right * _scale) - left, height = (int)Math.Round(box.Bottom * _scale) - top;
        if (width < 1 || height < 1) return;
        ReadOnlySpan<byte> samples = image.Resize(height, width).Samples;
        for (int y = Math.Max(top, _clip.Top); y < Math.Min(top + height, _clip.Bottom); y++)
        {
            for (int x = Math.Max(left, _clip.Left); x < Math.Min(left + width, _clip.Right); x++)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    int plane = image.Channels == 1 ? 0 : channel;
                    _pixels[(y * PixelWidth + x) * 3 + channel] = samples[(plane * height + y - top) * width + x - left];
                }
            }
        }
    }

    public void Clip(Box box, Action draw)
    {
        var outer = _clip;
        _clip = Overlap(_clip, box.X * _scale, box.Y * _scale, box.Right * _scale, box.Bottom * _scale);
        draw();
        _clip = outer;
    }

    private static (int Left, int Top, int Right, int Bottom) Overlap(
        (int Left, int Top, int Right, int Bottom) clip, double left, double top, double right, double bottom) =>
        ((int)Math.Clamp(Math.Floor(left), clip.Left, clip.Right), (int)Math.Clamp(Math.Floor(top), clip.Top, clip.Bottom),
            (int)Math.Clamp(Math.Ceiling(right), clip.Left, clip.Right), (int)Math.Clamp(Math.Ceiling(bottom), clip.Top, clip.Bottom));

    private Point[] Scaled(ReadOnlySpan<Point> points)
    {
        Point[] scaled = new Point[points.Length];
        for (int i = 0; i < scaled.Length; i++) scaled[i] = points[i] * _scale;
        return scaled;
    }

    private void CoverLine(Point from, Point to, double width) => Cover(new Capsule(from * _scale, to * _scale, width * _scale / 2));

    private void Cover<TShape>(TShape shape)
        where TShape : struct, IRasterShape
    {
        Box bounds = shape.Bounds.Grow(0.5);
        var (left, top, right, bottom) = Overlap(_clip, bounds.X, bounds.Y, bounds.Right, bounds.Bottom);
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                float coverage = (float)Math.Clamp(0.5 - shape.Distance(new Point(x + 0.5, y + 0.5)), 0, 1);
                int pixel = y * PixelWidth + x;
                if (coverage > _mask[pixel]) _mask[pixel] = coverage;
            }
        }

        _covered = (Math.Min(_covered.Left, left), Math.Min(_covered.Top, top),
            Math.Max(_covered.Right, right), Math.Max(_covered.Bottom, bottom));
    }

    /// <summary>Paints what is covered and empties the mask.</summary>
    private void Lay(Paint paint)
    {
        int color = Palette.Of(_theme, paint.Ink);
        for (int y = _covered.Top; y < _covered.Bottom; y++)
        {
            for (int x = _covered.Left; x < _covered.Right; x++)
            {
                int pixel = y * PixelWidth + x;
                double opacity = _mask[pixel] * Math.Clamp(paint.Opacity, 0, 1);
                _mask[pixel] = 0;
                if (opacity == 0) continue;
                Span<byte> target = _pixels.AsSpan(pixel * 3, 3);
                for (int channel = 0; channel < 3; channel++)
                {
                    int ink = (color >> (16 - 8 * channel)) & 255;
                    target[channel] = (byte)Math.Round(target[channel] + (ink - target[channel]) * opacity);
                }
            }
        }

        _covered = (PixelWidth, PixelHeight, 0, 0);
    }
}
