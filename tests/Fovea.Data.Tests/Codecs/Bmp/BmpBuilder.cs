namespace Fovea.Data.Tests.Codecs.Bmp;

/// <summary>Bitmaps, field by field.</summary>
internal static class BmpBuilder
{
    public static byte[] Info(int width, int height, int depth, int compression, byte[] tail, byte[] pixels,
        int size = 40, int colours = 0)
    {
        byte[] fields =
        [
            .. Make.Little(size), .. Make.Little(width), .. Make.Little(height), 1, 0, (byte)depth, 0,
            .. Make.Little(compression),
            .. Make.Little(pixels.Length), .. Make.Little(2835), .. Make.Little(2835), .. Make.Little(colours),
            .. Make.Little(0),
        ];
        return File([.. fields.Take(size), .. tail], pixels);
    }

    public static byte[] Core(int width, int height, int depth, byte[] palette, byte[] pixels) =>
        File([12, 0, 0, 0, (byte)width, 0, (byte)height, 0, 1, 0, (byte)depth, 0, .. palette], pixels);

    /// <summary>Blue, green, red and a byte that means nothing.</summary>
    public static byte[] Palette(params (byte Red, byte Green, byte Blue)[] colours) =>
        [.. colours.SelectMany(colour => new byte[] { colour.Blue, colour.Green, colour.Red, 77 })];

    private static byte[] File(byte[] headers, byte[] pixels) =>
        [.. "BM"u8, .. Make.Little(14 + headers.Length + pixels.Length), 0, 0, 0, 0,
            .. Make.Little(14 + headers.Length), .. headers, .. pixels];
}
