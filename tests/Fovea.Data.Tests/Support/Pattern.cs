using System.Security.Cryptography;

namespace Fovea.Data.Tests.Support;

/// <summary>
/// Images made by a formula that Python can follow. Expected results of tests that use them were computed once by
/// Pillow 9.4 with the calls of torchvision 0.14 (<c>functional_pil.py</c>).
/// </summary>
internal static class Pattern
{
    /// <summary>Sample i of the planes is (7 i² + 31 i + 13 ⌊i / 5⌋ + 40) mod 241.</summary>
    public static RawImage Image(int height, int width, int channels = 3)
    {
        RawImage image = new(channels, height, width);
        for (long i = 0; i < image.Pixels.Length; i++)
            image.Pixels[(int)i] = (byte)((7 * i * i + 31 * i + i / 5 * 13 + 40) % 241);
        return image;
    }

    /// <summary>4 rows of 5 pixels: 60 bytes can be written out.</summary>
    public static RawImage Small() => Image(4, 5);

    /// <summary>61 rows of 47 pixels: known by a digest.</summary>
    public static RawImage Large() => Image(61, 47);

    /// <summary>All samples.</summary>
    public static string Hex(RawImage image) => Convert.ToHexStringLower(image.Pixels);

    /// <summary>The first 64 bits of the samples' SHA-256.</summary>
    public static string Digest(RawImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels))[..16];
}
