namespace Fovea.Data.Transforms.Pixels;

/// <summary>Brightness of colours by ITU-R BT.601, with Pillow's 16-bit weights: <c>(19595 r + 38470 g + 7471 b + 2¹⁵)
/// >> 16</c>.</summary>
internal static class Luma
{
    /// <summary>Writes the luma of each pixel of a colour image; a grey one is copied.</summary>
    public static void Of(RawImage image, Span<byte> grey)
    {
        if (image.Channels == 1)
        {
            image.Pixels.CopyTo(grey);
            return;
        }

        Span<byte> red = image.Plane(0), green = image.Plane(1), blue = image.Plane(2);
        for (int i = 0; i < grey.Length; i++)
            grey[i] = (byte)((red[i] * 19595 + green[i] * 38470 + blue[i] * 7471 + 0x8000) >> 16);
    }

    /// <summary>Mean luma, rounded half up as <c>ImageEnhance.Contrast</c> does.</summary>
    public static int Mean(RawImage image, ImageScratch scratch)
    {
        RawImage grey = scratch.Spare;
        grey.SetSize(1, image.Height, image.Width);
        Of(image, grey.Pixels);
        long sum = 0;
        foreach (byte sample in grey.Pixels) sum += sample;
        return (int)((double)sum / grey.Pixels.Length + 0.5);
    }
}
