namespace Fovea.Data.Transforms.Pixels;

/// <summary>
/// Where the pixel that arrives at (x, y) comes from: <c>(A x + B y + C, D x + E y + F)</c>, measured from pixel
/// corners as in Pillow.
/// </summary>
internal readonly record struct Affine(double A, double B, double C, double D, double E, double F)
{
    /// <summary>Moves rows by <paramref name="slope"/> pixels per row, about the upper left corner.</summary>
    public static Affine ShearX(double slope) => new(1, slope, 0, 0, 1, 0);

    /// <summary>Moves columns by <paramref name="slope"/> pixels per column, about the upper left corner.</summary>
    public static Affine ShearY(double slope) => new(1, 0, 0, slope, 1, 0);

    /// <summary>Moves the image to the right and down.</summary>
    public static Affine Shift(int right, int down) => new(1, 0, -right, 0, 1, -down);

    /// <summary>Turns the image counterclockwise about its middle (<c>Image.rotate</c>).</summary>
    public static Affine Rotation(double degrees, int height, int width)
    {
        double angle = -degrees * Math.PI / 180, cos = Math.Round(Math.Cos(angle), 15),
            sin = Math.Round(Math.Sin(angle), 15);
        double x = width / 2.0, y = height / 2.0;
        return new(cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y);
    }

    /// <summary>
    /// Replaces an image by its transform; nearest pixel, <paramref name="fill"/> outside. 16-bit fixed point, bit for
    /// bit as <c>affine_fixed</c> in Pillow's <c>Geometry.c</c>.
    /// </summary>
    public void Apply(RawImage image, byte fill, ImageScratch scratch)
    {
        RawImage moved = scratch.Spare;
        moved.SetSize(image.Channels, image.Height, image.Width);
        int rowX = Fixed(C + A * 0.5 + B * 0.5), rowY = Fixed(F + D * 0.5 + E * 0.5);
        for (int y = 0; y < image.Height; y++)
        {
            FillRow(image, moved, y, rowX, rowY, fill);
            rowX += Fixed(B);
            rowY += Fixed(E);
        }

        image.Swap(moved);
    }

    private void FillRow(RawImage image, RawImage moved, int y, int atX, int atY, byte fill)
    {
        int stepX = Fixed(A), stepY = Fixed(D), width = image.Width, area = width * image.Height;
        ReadOnlySpan<byte> from = image.Pixels;
        Span<byte> to = moved.Pixels;
        for (int target = y * width; target < (y + 1) * width; target++)
        {
            int column = atX >> 16, row = atY >> 16;
            bool inside = (uint)column < (uint)width && (uint)row < (uint)image.Height;
            int source = row * width + column;
            for (int plane = 0; plane < to.Length; plane += area)
                to[plane + target] = inside ? from[plane + source] : fill;
            atX += stepX;
            atY += stepY;
        }
    }

    private static int Fixed(double value) => (int)Math.Floor(value * 65536 + 0.5);
}
