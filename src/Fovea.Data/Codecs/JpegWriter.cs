using Fovea.Data.Codecs.Jpeg;

namespace Fovea.Data.Codecs;

/// <summary>Writes baseline JPEG images, grey or YCbCr, with the standard tables.</summary>
/// <remarks>Source: ITU-T T.81 and JFIF 1.02. The quality scales the tables of annex K as libjpeg does.</remarks>
public static class JpegWriter
{
    /// <summary>The image as the bytes of a JPEG file.</summary>
    /// <param name="image">Of 1 channel (grey) or 3 (red, green, blue); at most 65,535 pixels wide and high.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <param name="sampling">How much colour is kept.</param>
    /// <exception cref="ArgumentException">The image has another number of channels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The image is too large, or the quality is not 1 to 100.</exception>
    public static byte[] Encode(RawImage image, int quality = 90, JpegSampling sampling = JpegSampling.Quarter)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Width, ushort.MaxValue, nameof(image));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(image.Height, ushort.MaxValue, nameof(image));
        if (image.Channels is not (1 or 3))
            throw new ArgumentException($"A JPEG is made of 1 or 3 channels, not {image.Channels}.", nameof(image));
        return new JpegEncoder(image, quality, sampling).Encode();
    }

    /// <summary>Writes a JPEG file to <paramref name="stream"/>, which stays open.</summary>
    /// <inheritdoc cref="Encode"/>
    /// <param name="stream">Where the file goes.</param>
    /// <param name="image">Of 1 channel (grey) or 3 (red, green, blue); at most 65,535 pixels wide and high.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <param name="sampling">How much colour is kept.</param>
    public static void Write(Stream stream, RawImage image, int quality = 90, JpegSampling sampling = JpegSampling.Quarter)
    {
        ArgumentNullException.ThrowIfNull(stream);
        stream.Write(Encode(image, quality, sampling));
    }
}
