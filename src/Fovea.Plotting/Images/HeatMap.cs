using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Images;

/// <summary>Numbers on a grid as images in the colours of <see cref="ColorMap"/>.</summary>
internal static class HeatMap
{
    /// <summary>Weights of an overlay: the image's lightness, the image's colour, and the lightness that the map gives
    /// up.</summary>
    private const double Relief = 0.4;
    private const double ImageColour = 0.2;
    private const double Room = 0.2;

    /// <summary>One pixel per number.</summary>
    /// <param name="values">Row by row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="low">The number with the darkest colour.</param>
    /// <param name="high">The number with the lightest colour.</param>
    public static PlanarImage Of(ReadOnlySpan<float> values, int rows, int columns, double low, double high)
    {
        byte[] samples = new byte[3 * rows * columns];
        for (int i = 0; i < rows * columns; i++) Put(samples, i, ColorMap.At(Share(values[i], low, high)));
        return new(samples, 3, rows, columns);
    }

    /// <summary>
    /// The numbers laid over an image: enlarged smoothly, they give the colour; the image gives relief (its lightness,
    /// less its mean, so that bright images do not look like high numbers) and a touch of its own colours.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    /// <param name="image">The image below the numbers, enlarged to the size wanted.</param>
    /// <param name="values">Row by row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="low">The number with the darkest colour.</param>
    /// <param name="high">The number with the lightest colour.</param>
    /// <param name="size">Pixels of the longer side.</param>
    public static PlanarImage Over(PlanarImage image, ReadOnlySpan<float> values, int rows, int columns, double low,
        double high, int size)
    {
        PlanarImage large = Enlarge(image, size);
        float[] smooth = Smooth(values, rows, columns, large.Height, large.Width);
        ReadOnlySpan<byte> pixels = large.Samples;
        int plane = smooth.Length, green = large.Channels == 3 ? plane : 0;
        byte[] samples = new byte[3 * plane];
        OkLab[] own = new OkLab[plane];
        for (int i = 0; i < plane; i++) own[i] = OkLab.Of(pixels[i], pixels[green + i], pixels[2 * green + i]);
        double mean = own.Average(colour => colour.L);
        for (int i = 0; i < plane; i++)
        {
            OkLab map = ColorMap.At(Share(smooth[i], low, high));
            double light = Mix(map.L, 0.5, Room) + Relief * (own[i].L - mean);
            Put(samples, i, new(Math.Clamp(light, 0, 1), Mix(map.A, own[i].A, ImageColour),
                Mix(map.B, own[i].B, ImageColour)));
        }

        return new(samples, 3, large.Height, large.Width);
    }

    /// <summary>An image with its proportions, its longer side so long.</summary>
    public static PlanarImage Enlarge(PlanarImage image, int size)
    {
        double scale = (double)size / Math.Max(image.Height, image.Width);
        return image.Resize(Math.Max(1, (int)Math.Round(image.Height * scale)),
            Math.Max(1, (int)Math.Round(image.Width * scale)));
    }

    /// <summary>The numbers at every pixel of a larger grid, without steps.</summary>
    internal static float[] Smooth(ReadOnlySpan<float> values, int rows, int columns, int height, int width)
    {
        float[] wide = new float[rows * width], result = new float[height * width];
        for (int row = 0; row < rows; row++)
            for (int x = 0; x < width; x++) wide[row * width + x] = Cubic(values.Slice(row * columns, columns), 1,
                columns, x, width);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) result[y * width + x] = Cubic(wide.AsSpan(x), width, rows, y, height);
        return result;
    }

    /// <summary>Cubic convolution (Keys 1981, a = −0.75) of a line of <paramref name="count"/> values at pixel
    /// <paramref name="at"/> of <paramref name="size"/>.</summary>
    private static float Cubic(ReadOnlySpan<float> line, int stride, int count, int at, int size)
    {
        const double A = -0.75;
        double centre = (at + 0.5) * count / size - 0.5, sum = 0;
        int first = (int)Math.Floor(centre) - 1;
        for (int i = first; i < first + 4; i++)
        {
            double t = Math.Abs(centre - i);
            double weight = t <= 1 ? ((A + 2) * t - (A + 3)) * t * t + 1 : (((t - 5) * t + 8) * t - 4) * A;
            sum += weight * line[Math.Clamp(i, 0, count - 1) * stride];
        }

        return (float)sum;
    }

    private static double Share(double value, double low, double high) => high > low ? (value - low) / (high - low) : 0;

    private static double Mix(double a, double b, double share) => a + share * (b - a);

    private static void Put(byte[] samples, int pixel, OkLab colour)
    {
        int plane = samples.Length / 3;
        (samples[pixel], samples[plane + pixel], samples[2 * plane + pixel]) = colour.ToBytes();
    }
}
