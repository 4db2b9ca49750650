namespace Fovea.Data.Codecs.Png;

/// <summary>A pass over the image: every <c>StepX</c>-th pixel of every <c>StepY</c>-th row, from (X, Y) on.</summary>
/// <remarks>Source: PNG specification (third edition), section 8.1 (Adam7).</remarks>
internal readonly record struct PngPass(int X, int Y, int StepX, int StepY)
{
    private static readonly PngPass[] Whole = [new(0, 0, 1, 1)];

    private static readonly PngPass[] Adam7 =
        [new(0, 0, 8, 8), new(4, 0, 8, 8), new(0, 4, 4, 8), new(2, 0, 4, 4), new(0, 2, 2, 4), new(1, 0, 2, 2), new(0, 1, 1, 2)];

    /// <summary>The passes of an image, in the order of the file. Small images leave some of them empty.</summary>
    public static PngPass[] Of(PngHeader header) => header.IsInterlaced ? Adam7 : Whole;

    /// <summary>Bytes that all passes take, unpacked: rows and the byte before each that names its filter.</summary>
    public static long UnpackedLength(PngHeader header)
    {
        double length = 0;   // a double, because a hostile header's product does not fit a long
        foreach (PngPass pass in Of(header))
        {
            if (pass.Width(header) > 0) length += pass.Height(header) * (1.0 + header.RowLength(pass.Width(header)));
        }

        return length < long.MaxValue ? (long)length : long.MaxValue;
    }

    public int Width(PngHeader header) => (int)(((long)header.Width - X + StepX - 1) / StepX);

    public int Height(PngHeader header) => (int)(((long)header.Height - Y + StepY - 1) / StepY);
}
