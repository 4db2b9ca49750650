using SkiaSharp;

namespace Fovea.Data.Codecs.Writing;

/// <summary>Writes baseline JPEG images, grey or YCbCr, with the standard tables of libjpeg.</summary>
public static class JpegWriter
{
    /// <summary>The image as the bytes of a JPEG file.</summary>
    /// <param name="image">Of 1 channel (grey) or 3 (red, green, blue); at most 65,535 pixels wide and high.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <param name="sampling">How much colour is kept.</param>
    /// <exception cref="ArgumentException">The image has another number of channels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The image is too large, or the quality is not 1 to
    /// 100.</exception>
    public static byte[] Encode(RawImage image, int quality = 90, JpegSampling sampling = JpegSampling.Quarter)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Width, ushort.MaxValue, nameof(image));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Height, ushort.MaxValue, nameof(image));
        if (image.Channels is not (1 or 3))
            throw new ArgumentException($"A JPEG is made of 1 or 3 channels, not {image.Channels}.", nameof(image));
        SKJpegEncoderDownsample downsample =
            sampling == JpegSampling.Full ? SKJpegEncoderDownsample.Downsample444
                : SKJpegEncoderDownsample.Downsample420;
        byte[] pixels = new byte[image.Channels * image.Height * image.Width];
        int area = image.Height * image.Width;
        for (int channel = 0; channel < image.Channels; channel++)
            for (int i = 0; i < area; i++) pixels[i * image.Channels + channel] = image.Plane(channel)[i];
        return SkiaWriter.Encode(pixels, image.Width, image.Height, image.Channels, pixmap =>
            pixmap.Encode(new SKJpegEncoderOptions(quality, downsample, SKJpegEncoderAlphaOption.Ignore)));
    }
}
