namespace Fovea.Data.Datasets.Shapes;

/// <summary>Draws one image: background, clutter behind, the shape, at times a line across it, and grain.</summary>
internal sealed class Scene
{
    private const float Grain = 8;
    private readonly Canvas _canvas = new(ShapesDataset.ImageSize);
    private readonly float[] _cover = new float[ShapesDataset.ImageSize * ShapesDataset.ImageSize];

    /// <summary>Share of each pixel that the last shape covered, 0 to 1, <c>[32, 32]</c>; lines across it do not
    /// count.</summary>
    public ReadOnlySpan<float> Cover => _cover;

    /// <summary>Draws class <paramref name="label"/> into <paramref name="pixels"/>, <c>[3, 32, 32]</c>; the stream
    /// decides.</summary>
    public void Draw(int label, Philox stream, Span<byte> pixels)
    {
        Draws draws = new(stream);
        // Luminances stay apart, so that the shape shows; it is the lighter one more often, as lit things are.
        float light = draws.Between(0.58f, 0.95f), dark = draws.Between(0.06f, 0.36f);
        bool lightOnDark = draws.Chance(0.7f);
        float ground = lightOnDark ? dark : light, figure = lightOnDark ? light : dark;

        PaintBackground(draws, ground);
        for (int i = draws.Below(3); i > 0; i--)
            PaintClutter(draws, ground + draws.Between(-0.12f, 0.35f) * (figure - ground) * 2);
        PaintShape(draws, label, figure);
        if (draws.Chance(0.15f)) PaintLine(draws, ground, draws.Between(0.4f, 0.7f));
        _canvas.Develop(new Philox(stream.Seed, ~stream.Stream), Grain, pixels);
    }

    /// <summary>Two related colours that run into each other, with faint stripes.</summary>
    private void PaintBackground(Draws draws, float luminance)
    {
        float hue = draws.Between(0, 1), saturation = draws.Between(0.1f, 0.7f);
        Colour first = Colour.Of(hue, luminance - 0.05f, saturation);
        Colour second = Colour.Of(hue + draws.Between(-0.15f, 0.15f), luminance + 0.05f, saturation);
        Point across = draws.Direction(1), along = new(-across.Y, across.X);
        float period = draws.Between(4, 10), depth = draws.Between(0, 0.3f);
        _canvas.Fill(p =>
        {
            float turn = Point.Dot(p, along) / period, wave = MathF.Abs(2 * (turn - MathF.Floor(turn)) - 1);
            return Colour.Mix(first, second,
                0.5f + Point.Dot(p - new Point(16, 16), across) / 48 + depth * (wave - 0.5f));
        });
    }

    private void PaintClutter(Draws draws, float luminance)
    {
        if (draws.Chance(0.5f))
        {
            PaintLine(draws, luminance, draws.Between(0.4f, 0.8f));
            return;
        }

        Colour colour = RandomColour(draws, luminance);
        float radius = draws.Between(1, 2.2f);
        _canvas.Paint(Anywhere(draws), radius, p => Outline.Disc(p, radius), _ => colour);
    }

    private void PaintLine(Draws draws, float luminance, float radius)
    {
        Colour colour = RandomColour(draws, luminance);
        Point start = Anywhere(draws), end = Anywhere(draws);
        _canvas.Paint(default, _canvas.Size, p => Outline.Capsule(p, start, end, radius), _ => colour);
    }

    /// <summary>The shape: 17 to 26 pixels wide, whole inside the image, turned by up to 23 degrees, shaded from one
    /// side.</summary>
    private void PaintShape(Draws draws, int label, float luminance)
    {
        float radius = draws.Between(8.5f, 13), middle = _canvas.Size / 2f, room = MathF.Min(4, middle - radius - 1);
        Point centre = new(middle + draws.Between(-room, room), middle + draws.Between(-room, room));
        Point turn = draws.Direction(0.2f), back = new(turn.X, -turn.Y);
        float hue = draws.Between(0, 1), saturation = draws.Between(0.5f, 1), shade = draws.Between(-0.1f, 0.1f);
        Colour left = Colour.Of(hue, luminance - shade, saturation),
            right = Colour.Of(hue, luminance + shade, saturation);
        Func<Point, float> distance = Outline.Classes[label].Distance;
        Array.Clear(_cover);
        _canvas.Paint(centre, radius * 1.1f, p => distance(1 / radius * p.Turned(back)) * radius,
            p => Colour.Mix(left, right, 0.5f + 0.5f * p.X / radius), _cover);
    }

    private static Colour RandomColour(Draws draws, float luminance) =>
        Colour.Of(draws.Between(0, 1), Math.Clamp(luminance, 0.02f, 0.98f), draws.Between(0.3f, 1));

    private Point Anywhere(Draws draws) => new(draws.Between(0, _canvas.Size), draws.Between(0, _canvas.Size));
}
