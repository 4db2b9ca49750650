namespace Fovea.Data.Datasets.Shapes;

/// <summary>An image of floats, 0 to 1, onto which outlines are painted with smooth edges.</summary>
internal sealed class Canvas(int size)
{
    private readonly float[] _red = new float[size * size], _green = new float[size * size],
        _blue = new float[size * size];

    /// <summary>Side in pixels.</summary>
    public int Size => size;

    /// <summary>Colours every pixel, at its centre.</summary>
    public void Fill(Func<Point, Colour> colour)
    {
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
                Set(y * size + x, colour(new Point(x + 0.5f, y + 0.5f)));
    }

    /// <summary>
    /// Paints where <paramref name="distance"/> (pixels) is negative. A pixel half a pixel inside or deeper is covered
    /// whole, half a pixel outside or farther not at all. Nothing outside the square about <paramref name="centre"/> is
    /// looked at. How much of each pixel was covered is left in <paramref name="covers"/>, if given.
    /// </summary>
    public void Paint(Point centre, float reach, Func<Point, float> distance, Func<Point, Colour> colour,
        float[]? covers = null)
    {
        int left = Math.Max(0, (int)(centre.X - reach - 1)), right = Math.Min(size - 1, (int)(centre.X + reach + 1));
        int top = Math.Max(0, (int)(centre.Y - reach - 1)), bottom = Math.Min(size - 1, (int)(centre.Y + reach + 1));
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                Point at = new Point(x + 0.5f, y + 0.5f) - centre;
                float cover = Math.Clamp(0.5f - distance(at), 0, 1);
                if (covers is not null) covers[y * size + x] = cover;
                if (cover > 0) Set(y * size + x, Colour.Mix(Get(y * size + x), colour(at), cover));
            }
        }
    }

    /// <summary>Rounds to bytes, <c>[3, size, size]</c>, with uniform noise of up to <paramref name="noise"/> levels
    /// either way.</summary>
    public void Develop(Philox grain, float noise, Span<byte> pixels)
    {
        int area = size * size;
        for (int i = 0; i < area; i += 4)
        {
            // One word a pixel: three of its bytes are the grain of the three channels.
            (uint a, uint b, uint c, uint d) = grain.Block((ulong)(i / 4));
            ReadOnlySpan<uint> words = [a, b, c, d];
            for (int j = 0; j < Math.Min(4, area - i); j++)
            {
                pixels[i + j] = Level(_red[i + j], words[j] & 255, noise);
                pixels[area + i + j] = Level(_green[i + j], (words[j] >> 8) & 255, noise);
                pixels[2 * area + i + j] = Level(_blue[i + j], (words[j] >> 16) & 255, noise);
            }
        }
    }

    private static byte Level(float value, uint random, float noise) =>
        (byte)Math.Clamp(255 * value + noise * (random / 127.5f - 1) + 0.5f, 0, 255);

    private Colour Get(int i) => new(_red[i], _green[i], _blue[i]);

    private void Set(int i, Colour colour) => (_red[i], _green[i], _blue[i]) = (colour.Red, colour.Green, colour.Blue);
}
