using System.Security.Cryptography;
using Fovea.Data.Codecs;

namespace Fovea.Data.Tests.Support;

/// <summary>Images of the golden case <c>transforms</c>: in colour or grey, and a grey one may stand in a file of three
/// equal channels.</summary>
internal static class GoldenImages
{
    public static Golden Load() => Golden.Load("transforms");

    /// <param name="golden">The case.</param>
    /// <param name="name">A file of the case.</param>
    /// <param name="channels">1 or 3; null: as the file has them.</param>
    public static RawImage Read(Golden golden, string name, int? channels = null)
    {
        RawImage image = ImageFile.Read(Path.Combine(golden.Folder, name));
        return channels is not { } wanted || wanted == image.Channels ? image : WithChannels(image, wanted);
    }

    /// <summary>Red, green and blue of every pixel, as Pillow's <c>convert("RGB").tobytes()</c>.</summary>
    public static byte[] Interleaved(RawImage image)
    {
        byte[] rgb = new byte[3 * image.Width * image.Height];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = image.Plane(Math.Min(i % 3, image.Channels - 1))[i / 3];
        return rgb;
    }

    public static string Sha256(RawImage image) => Convert.ToHexStringLower(SHA256.HashData(Interleaved(image)));

    /// <summary>Copies grey into every channel; takes grey from channels that are all equal.</summary>
    private static RawImage WithChannels(RawImage image, int channels)
    {
        RawImage result = new(channels, image.Height, image.Width);
        for (int channel = 0; channel < Math.Max(channels, image.Channels); channel++)
        {
            ReadOnlySpan<byte> plane = image.Plane(Math.Min(channel, image.Channels - 1));
            if (channel < channels) plane.CopyTo(result.Plane(channel));
            else Assert.True(plane.SequenceEqual(image.Plane(0)), "a colour image stands where grey is expected");
        }

        return result;
    }
}
